"""For operators: who they are and what they did, pauses, actions on many, alarms, failed tasks, and tallies."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, SmallInteger, Text, false, text

revision = "0013"
down_revision = "0012"

KEY = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Tables and columns that an older release does not look at."""
    _people()
    _what_they_do()
    _what_they_are_told()
    op.add_column("heartbeats", Column("tasked_at", BigInteger))
    op.add_column("heartbeats", Column("version", Text))
    op.add_column("attempts", Column("headers", Text))
    op.add_column("endpoints", Column("ramp", SmallInteger))
    op.add_column("endpoints", Column("ramp_at", BigInteger))
    op.create_index("ix_deliveries_endpoint_id", "deliveries", ["endpoint_id", "id"])
    ramping = text("ramp IS NOT NULL")
    op.create_index("ix_endpoints_ramp", "endpoints", ["id"], sqlite_where=ramping, postgresql_where=ramping)


def _people() -> None:
    op.create_table(
        "operators",
        Column("id", KEY, primary_key=True),
        Column("name", Text, nullable=False, unique=True),
        Column("role", Text, nullable=False),
        Column("password", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
    )
    op.create_table(
        "operator_sessions",
        Column("token_hash", LargeBinary, primary_key=True),
        Column("operator_id", BigInteger, ForeignKey("operators.id"), nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        Column("came_from", Text, nullable=False),
        Column("software", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_operator_sessions_operator_id", "operator_sessions", ["operator_id"])
    op.create_index("ix_operator_sessions_seen_at", "operator_sessions", ["seen_at"])
    op.create_table(
        "login_tries",
        Column("id", KEY, primary_key=True),
        Column("name", LargeBinary, nullable=False),
        Column("came_from", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
    op.create_index("ix_login_tries_name", "login_tries", ["name", "at"])
    op.create_index("ix_login_tries_came_from", "login_tries", ["came_from", "at"])
    op.create_index("ix_login_tries_at", "login_tries", ["at"])


def _what_they_do() -> None:
    op.create_table(
        "audit",
        Column("id", KEY, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("operator", Text, nullable=False),
        Column("act", Text, nullable=False),
        Column("about", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("came_from", Text, nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_about", "audit", ["about", "id"])
    op.create_table(
        "pauses",
        Column("lane", Text, primary_key=True),
        Column("began_at", BigInteger, nullable=False),
        Column("until_at", BigInteger),
        Column("operator", Text, nullable=False),
        Column("reason", Text, nullable=False),
    )
    op.create_table(
        "bulk_actions",
        Column("id", KEY, primary_key=True),
        Column("act", Text, nullable=False),
        Column("chosen", Text, nullable=False),
        Column("per_minute", Integer, nullable=False),
        Column("operator", Text, nullable=False),
        Column("began_at", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("cursor", BigInteger, nullable=False),
        Column("expected", BigInteger, nullable=False),
        Column("done", BigInteger, nullable=False, server_default="0"),
        Column("passed_over", BigInteger, nullable=False, server_default="0"),
        Column("held", BigInteger, nullable=False, server_default="0"),
        Column("stepped_at", BigInteger, nullable=False),
        Column("ended_at", BigInteger),
    )
    running = text("state = 'running'")
    op.create_index("ix_bulk_actions_running", "bulk_actions", ["id"], sqlite_where=running, postgresql_where=running)


def _what_they_are_told() -> None:
    op.create_table(
        "tallies",
        Column("span", Text, primary_key=True),
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("name", Text, primary_key=True),
        Column("label", Text, primary_key=True),
        Column("shard", SmallInteger, primary_key=True, autoincrement=False),
        Column("n", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "endpoint_hours",
        Column("endpoint_id", BigInteger, primary_key=True, autoincrement=False),
        Column("hour", BigInteger, primary_key=True, autoincrement=False),
        Column("failed", Integer, nullable=False),
        Column("slow", Integer, nullable=False),
        Column("took_ms", BigInteger, nullable=False),
        Column("longest_ms", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_endpoint_hours_hour", "endpoint_hours", ["hour"])
    op.create_table(
        "task_failures",
        Column("id", KEY, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("lane", Text, nullable=False),
        Column("worker", Text, nullable=False),
        Column("task", Text, nullable=False),
        Column("task_id", Text, nullable=False),
        Column("arguments", Text, nullable=False),
        Column("error", Text, nullable=False),
        Column("traceback", Text, nullable=False),
    )
    op.create_index("ix_task_failures_at", "task_failures", ["at"])
    op.create_table(
        "alarms",
        Column("id", KEY, primary_key=True),
        Column("name", Text, nullable=False),
        Column("about", Text, nullable=False),
        Column("began_at", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        Column("ended_at", BigInteger),
        Column("detail", Text, nullable=False),
        Column("is_told", Boolean, nullable=False, server_default=false()),
    )
    on = text("ended_at IS NULL")
    op.create_index("uq_alarms_on", "alarms", ["name", "about"], unique=True, sqlite_where=on, postgresql_where=on)
    op.create_table(
        "alarm_receivers",
        Column("endpoint_id", BigInteger, ForeignKey("endpoints.id"), primary_key=True, autoincrement=False),
        Column("locale", Text, nullable=False),
        Column("added_at", BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_endpoints_ramp", "endpoints")
    op.drop_index("ix_deliveries_endpoint_id", "deliveries")
    for table, columns in {
        "endpoints": ("ramp_at", "ramp"),
        "attempts": ("headers",),
        "heartbeats": ("version", "tasked_at"),
    }.items():
        with op.batch_alter_table(table) as altered:
            for column in columns:
                altered.drop_column(column)
    for table in (
        "alarm_receivers",
        "alarms",
        "task_failures",
        "endpoint_hours",
        "tallies",
        "bulk_actions",
        "pauses",
        "audit",
        "login_tries",
        "operator_sessions",
        "operators",
    ):
        op.drop_table(table)
