"""Calls to this machine itself bypass all proxies that the environment names."""

import os

NAMES = ("localhost", "127.0.0.1", "::1")
OF_GRPC = "no_grpc_proxy"


def spare_proxies() -> None:
    """Make gRPC, urllib and httpx call the local stack directly, in this process and its children.

    They prefer `no_proxy` to `NO_PROXY`; gRPC prefers `no_grpc_proxy` to both. In gRPC, `*` does not match
    all hosts: https://grpc.github.io/grpc/core/md_doc_environment_variables.html
    """
    excepted = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    os.environ[OF_GRPC] = _with_loopback(os.environ.get(OF_GRPC, excepted))
    if excepted != "*":  # in a list, `*` would be the name of a host
        os.environ["no_proxy"] = _with_loopback(excepted)


def _with_loopback(hosts: str) -> str:
    return ",".join(dict.fromkeys((*filter(None, hosts.split(",")), *NAMES)))
