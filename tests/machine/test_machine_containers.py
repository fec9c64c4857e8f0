"""Container engines, how they are set up, and CDI specifications."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpusetup.machine.containers.engines import read_containers
from gpusetup.machine.host import Host
from gpusetup.machine.model import CdiSpec, Unread
from gpusetup.machine.system.surroundings import read_container
from tests.fake_host import Content, Link, grow

CDI = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [{"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0"}]}}],
    "containerEdits": {
        "hooks": [{"hookName": "createContainer", "path": "/usr/bin/nvidia-cdi-hook", "args": ["nvidia-cdi-hook"]}],
        "mounts": [
            {"hostPath": "/usr/lib64/libcuda.so.575.64.03", "containerPath": "/usr/lib64/libcuda.so.575.64.03"},
            {"hostPath": "/usr/bin/nvidia-smi", "containerPath": "/elsewhere/nvidia-smi"},
        ],
    },
}


CDI_YAML = """cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
containerEdits:
  hooks:
  - hookName: createContainer
    path: /usr/bin/nvidia-cdi-hook
  mounts:
  - hostPath: /usr/lib64/libcuda.so.575.64.03
    containerPath: /usr/lib64/libcuda.so.575.64.03
  - hostPath: /usr/bin/nvidia-smi
    containerPath: /elsewhere/nvidia-smi
"""


GPU_0 = ("nvidia.com/gpu=0",)


@pytest.mark.parametrize("path", ["/etc/cdi/nvidia.json", "/var/run/cdi/nvidia.yaml"])
def test_a_specification_tells_its_driver_and_what_has_gone(tmp_path: Path, path: str) -> None:
    tree: dict[str, Content] = {
        path: json.dumps(CDI, indent=2) if path.endswith("json") else CDI_YAML,
        "/usr/bin/nvidia-smi": "",
        "/dev/nvidia0": "",
    }
    containers = read_containers(Host(grow(tmp_path, tree)), ())
    missing = {"/usr/lib64/libcuda.so.575.64.03", "/usr/bin/nvidia-cdi-hook"}
    assert not isinstance(containers.cdi, Unread)
    (spec,) = containers.cdi
    assert spec == CdiSpec(
        path=path, version="0.5.0", driver="575.64.03", missing=spec.missing, devices=GPU_0, majors=()
    )
    assert set(spec.missing) == missing
    assert containers.cdi_specs == (path,)


@pytest.mark.parametrize("path", ["/etc/cdi/nvidia.json", "/var/run/cdi/nvidia.yaml"])
def test_a_specification_tells_the_numbers_that_it_gives(tmp_path: Path, path: str) -> None:
    uvm = '{"path": "/dev/nvidia-uvm", "major": 510, "fileMode": 438}, {"path": "/dev/nvidia0"}'
    text = json.dumps(json.loads(f'{{"cdiVersion": "0.5.0", "deviceNodes": [{uvm}]}}'), indent=2)
    if path.endswith("yaml"):
        text = CDI_YAML.replace(
            "    - path: /dev/nvidia0\n", "    - path: /dev/nvidia-uvm\n      major: 510\n      minor: 0\n"
        )
    containers = read_containers(Host(grow(tmp_path, {path: text})), ())
    assert not isinstance(containers.cdi, Unread)
    assert containers.cdi[0].majors == (("/dev/nvidia-uvm", "510"),)


@pytest.mark.parametrize("trace", ["/run/user/1000/docker.sock", "/home/ada/.config/systemd/user/docker.service", ""])
def test_a_docker_without_root_leaves_traces(tmp_path: Path, trace: str) -> None:
    tree: dict[str, Content] = {trace: ""} if trace else {}
    assert read_containers(Host(grow(tmp_path, tree)), ()).docker_rootless is bool(trace)


def test_a_specification_tells_its_devices_and_no_uuid(tmp_path: Path) -> None:
    uuid = "GPU-00000000-0000-0000-0000-000000000000"
    names = '- name: all\n  containerEdits: {}\n- name: "1:0"\n  containerEdits: {}\n- name: ' + uuid + "\n"
    text = CDI_YAML.replace('- name: "0"\n', f'{names}- name: "0"\n')
    tree: dict[str, Content] = {"/etc/cdi/nvidia.yaml": text}
    containers = read_containers(Host(grow(tmp_path, tree)), ())
    assert not isinstance(containers.cdi, Unread)
    assert containers.cdi[0].devices == ("nvidia.com/gpu=all", "nvidia.com/gpu=1:0", *GPU_0)


def test_one_folder_under_two_names_is_one(tmp_path: Path) -> None:
    tree: dict[str, Content] = {"/run/cdi/nvidia.yaml": CDI_YAML, "/var/run": Link("/run")}
    assert read_containers(Host(grow(tmp_path, tree)), ()).cdi_specs == ("/run/cdi/nvidia.yaml",)


def test_how_the_engines_are_set_up(tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/etc/docker/daemon.json": '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}',
        "/etc/nvidia-container-runtime/config.toml": "[nvidia-container-cli]\n#no-cgroups = false\nno-cgroups = true\n",
    }
    containers = read_containers(Host(grow(tmp_path, tree)), ())
    assert (containers.docker_runtimes, containers.no_cgroups) == (("nvidia",), True)


def test_a_broken_daemon_file_is_unread(tmp_path: Path) -> None:
    told = read_containers(Host(grow(tmp_path, {"/etc/docker/daemon.json": "{"})), ()).docker_runtimes
    assert isinstance(told, Unread)
    assert told.unread == "failed"


CONTAINERD = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\n  default_runtime_name = "nvidia"\n'


@pytest.mark.parametrize(
    ("tree", "nvidia", "default"),
    [
        ({"/etc/containerd/config.toml": CONTAINERD}, True, "nvidia"),
        ({"/etc/containerd/config.toml": "version = 2\n"}, False, "runc"),
        (
            {"/etc/containerd/config.toml": "version = 2\n", "/etc/containerd/conf.d/99-nvidia.toml": CONTAINERD},
            True,
            "nvidia",
        ),
        ({"/var/lib/rancher/k3s/agent/etc/containerd/config.toml": "[runtimes.nvidia]\n"}, True, "runc"),
    ],
)
def test_the_runtime_that_containerd_gives_pods_is_known(
    tmp_path: Path, tree: dict[str, Content], nvidia: bool, default: str
) -> None:
    containers = read_containers(Host(grow(tmp_path, tree)), ())
    assert (containers.containerd_nvidia, containers.containerd_default) == (nvidia, default)


def test_without_containerd_nothing_is_known_of_its_runtime(tmp_path: Path) -> None:
    said = read_containers(Host(grow(tmp_path, {})), ()).containerd_default
    assert isinstance(said, Unread)
    assert said.unread == "absent"


@pytest.mark.parametrize(
    ("tree", "kind"),
    [
        ({"/run/secrets/kubernetes.io/serviceaccount/namespace": "x", "/run/.containerenv": ""}, "kubernetes"),
        ({"/var/run/secrets/kubernetes.io/serviceaccount/namespace": "x"}, "kubernetes"),
        ({"/run/.containerenv": ""}, "podman"),
        ({"/run/systemd/container": "lxc\n"}, "lxc"),
        ({}, ""),
    ],
)
def test_a_pod_is_known_by_the_secrets_of_its_account(tmp_path: Path, tree: dict[str, Content], kind: str) -> None:
    assert read_container(Host(grow(tmp_path, tree))) == kind
