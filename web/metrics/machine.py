"""What stands in no database: the disk under DATA_DIR, whether the broker answers, and our own address."""

import shutil
from dataclasses import dataclass

from web.face import Face


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine, as far as it matters."""

    free_bytes: int
    size_bytes: int
    is_broker_up: bool
    base_url: str  # whose certificate is told of


def look_around(face: Face) -> Machine:
    """As it is now; a broker that hangs takes a second."""
    disk = shutil.disk_usage(face.settings.data_dir)
    return Machine(disk.free, disk.total, face.broker_answers(), face.settings.base)
