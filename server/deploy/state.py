"""How a local deployment is: its processes, whether they answer, and which release."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import grpc
from grpc_status import rpc_status

from server.client import PairrecClient
from server.client.faults import explain
from server.deploy.folder import supervisorctl
from server.serve.readiness import gateway_lacks, model_server_lacks

_FILE = "deployment.json"


@dataclass(frozen=True)
class Deployment:
    """What was deployed: the addresses of both servers, and what to run when the model server is stopped."""

    gateway: str
    model_server: str
    cleanup: tuple[str, ...]

    def write(self, folder: Path) -> None:
        """Notes it in its folder."""
        (folder / _FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Returns what was noted; None where deploying ended before."""
        try:
            fields = json.loads((folder / _FILE).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return cls(fields["gateway"], fields["model_server"], tuple(fields["cleanup"]))


@dataclass
class State:
    """What there is to say about a deployment; all is well where `faults` is empty."""

    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def look(folder: Path, deployment: Deployment) -> State:
    """Asks supervisord and both servers."""
    state = State()
    status, said = supervisorctl(folder, "status")
    state.lines += said.splitlines()
    if status or "BACKOFF" in said:  # which supervisorctl takes for running
        state.faults.append("not every process runs")
    if lack := model_server_lacks(deployment.model_server):
        state.faults.append(lack)
    else:
        state.lines.append(f"model server at {deployment.model_server}: ready")
    _look_at_gateway(deployment.gateway, state)
    return state


def _look_at_gateway(gateway: str, state: State) -> None:
    if lack := gateway_lacks(gateway):
        state.faults.append(lack)
    else:
        state.lines.append(f"gateway at {gateway}: ready")
    try:
        with PairrecClient(gateway) as client:
            answer = client.get_release()
    except grpc.RpcError as error:
        if rpc_status.from_call(error):  # its own words on why it has no release; a lost connection was told above
            state.faults += explain(error, gateway, ())
        return
    release = answer.release
    state.lines.append(f"release {release.release_version} of {release.data.name} is served")
    state.faults += [f"its {model.model} is {model.state}" for model in release.models if model.state != "AVAILABLE"]
    state.lines += [f"release {one.release_version} is not served: {one.reason}" for one in answer.skipped_releases]
