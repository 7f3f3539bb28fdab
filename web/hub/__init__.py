"""The WebSub hub's door: `/hub` (https://www.w3.org/TR/websub/)."""
