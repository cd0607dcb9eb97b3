"""Calls to this machine itself go through no proxy, whatever proxies the environment names."""

import os

NAMES = ("localhost", "127.0.0.1", "::1")
OF_GRPC = "no_grpc_proxy"


def spare_proxies() -> None:
    """Have this process and its children call the local stack directly: gRPC, urllib and httpx.

    They read `no_proxy` before `NO_PROXY`, gRPC `no_grpc_proxy` before both; to gRPC `*` is not every host:
    https://grpc.github.io/grpc/core/md_doc_environment_variables.html
    """
    excepted = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    os.environ[OF_GRPC] = _with_loopback(os.environ.get(OF_GRPC, excepted))
    if excepted != "*":  # in a list it would be a host of that name
        os.environ["no_proxy"] = _with_loopback(excepted)


def _with_loopback(hosts: str) -> str:
    return ",".join(dict.fromkeys((*filter(None, hosts.split(",")), *NAMES)))
