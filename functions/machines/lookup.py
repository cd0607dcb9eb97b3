"""Looking machines up by their ids."""

from starlette.responses import Response

from shared.bootstrap import Inventory
from shared.edge import path
from shared.edge.answers import response
from shared.edge.conditions import etag, is_known
from shared.edge.machine_view import machine_answer
from shared.edge.resource import Call
from shared.store.machines import find_machine


async def get(inventory: Inventory, call: Call) -> Response:
    """Answer `GET /api/v1/machines/{machine_id}`."""
    machine_id = path.machine_id(call.request)
    stored = await find_machine(inventory.firestore, call.caller.organization_id, machine_id, call.deadline)
    if is_known(call.request, stored.machine.version):
        return Response(status_code=304, headers={"ETag": etag(stored.machine.version)})
    return response(machine_answer(call.request, stored.machine))
