import pytest
from google.protobuf.message import Message

from infra.gist import gist
from shared.pb.inventory.v1.events_pb2 import (
    POOL_CHANGE_MACHINES_ADDED,
    MachineCreated,
    MachineDeleted,
    MachineUpdated,
    MachineVersion,
    PoolChanged,
)
from shared.pb.inventory.v1.machine_pb2 import (
    CPU,
    MACHINE_STATUS_DISCONNECTED,
    NIC,
    Accelerator,
    Drive,
    Machine,
    MemoryModule,
)
from shared.pb.inventory.v1.pool_pb2 import Pool

SERVER = Machine(
    version=1,
    cpus=[CPU(cores=8), CPU(cores=8)],
    memory_modules=[MemoryModule(size=16 * 2**30), MemoryModule(size=2**29)],
    accelerators=[Accelerator(manufacturer="NVIDIA")],
    nics=[NIC(mac="00:00:5e:00:53:01")],
    drives=[Drive(capacity=500107862016), Drive(capacity=500107862016)],
)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            MachineCreated(machine=SERVER),
            "v1: 2 cpus (16 cores), 16.5 GiB, 1 accelerator, 1 nic (00:00:5e:00:53:01), 2 drives (1000 GB)",
        ),
        (
            MachineCreated(machine=Machine(version=1, nics=[NIC(mac=str(index)) for index in range(4)])),
            "v1: 4 nics (0 1 2 ...)",
        ),
        (
            MachineCreated(machine=Machine(version=1, hostname="a.example.com", fingerprint="f-1")),
            "v1: 'a.example.com', fingerprint 'f-1'",
        ),
        (MachineCreated(machine=Machine(version=1)), "v1: no hardware"),
        (MachineDeleted(machine=Machine(version=1, name="a"), version=2), "v2: 'a'"),
        (
            MachineUpdated(
                changed_fields=["name", "nics"], after=Machine(version=2, nics=[NIC(mac="00:00:5e:00:53:02")])
            ),
            "name, nics: v2: 1 nic (00:00:5e:00:53:02)",
        ),
        (
            MachineUpdated(
                changed_fields=["name", "status"],
                after=Machine(version=2, name="a", status=MACHINE_STATUS_DISCONNECTED),
            ),
            "name, status disconnected: v2: 'a'",
        ),
        (
            PoolChanged(
                pool=Pool(name="gpu"), change=POOL_CHANGE_MACHINES_ADDED, machines=[MachineVersion(id="a")]
            ),
            "'gpu' machines added, 1 machine",
        ),
        (Pool(name="what else"), 'name: "what else"'),
    ],
)
def test_an_event_is_said_in_one_line(event: Message, expected: str) -> None:
    assert gist(event) == expected


def test_a_value_of_a_newer_release_is_said_by_its_number() -> None:
    status = Machine.FromString(b"\x98\x01\x63")  # 99, as an older release reads it
    assert gist(MachineUpdated(changed_fields=["status"], after=status)) == "status 99: v0: no hardware"
    assert gist(PoolChanged.FromString(b"\x10\x63")) == "'' 99"
