"""The project in a resource name: https://google.aip.dev/122."""


def project_of(name: str) -> str:
    """Return the project of a resource name, `p` of `projects/p/topics/t`; empty if it has none."""
    parts = name.split("/", 2)
    return parts[1] if len(parts) > 1 and parts[0] == "projects" else ""
