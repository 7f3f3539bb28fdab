"""The HTTP face: intake, management API, feeds and pages. Imports tasks (to send hints), config and the domain."""
