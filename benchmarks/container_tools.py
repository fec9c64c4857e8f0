"""Runs rendered container files through the newest versions of the programs they are for.

    python benchmarks/container_tools.py [ROOT [PART…]]

ROOT is the root of a Debian that has them; if missing, debootstrap creates it (some 2 GB), and it is kept. The
parts: `quadlet` (podman's generator, and systemd on what it makes), `compose` (Docker Compose), `apptainer` (builds the
definition of every base upon stand-ins and runs it), `bootc` (buildah builds the bootable host upon a stand-in, with
stub packages). Where a command is given, hostile words are in it, and have to arrive as they are. Needs root.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.container_build import BASES, store
from gpusetup.facts import facts
from gpusetup.render.container import render
from gpusetup.render.container.bases import base_row, own_base
from tests.lab.debian import Debian, debian
from tests.lab.fedora import Lab
from tests.lab.images import GPUSETUP, Images, lacking
from tests.lab.stubs import run
from tests.lab.world import ADA, HOSTS, World
from tests.render import container_readers as readers
from tests.render.test_container_formats import JOB, made

SHOW = "import json, sys; print(json.dumps(sys.argv[1:]))"
BOOTABLE = "quay.io/fedora/fedora-bootc:44"


def main(arguments: list[str]) -> int:
    why_not = lacking() or ("" if shutil.which("debootstrap") else "debootstrap is not installed")
    if why_not:
        print(f"not done: {why_not}")
        return 1
    with tempfile.TemporaryDirectory(prefix="gpusetup-debian-") as new, debian(Path((arguments or [new])[0])) as root:
        answers = [PARTS[part](root) for part in arguments[1:] or PARTS]
    return 0 if all(answers) else 1


def quadlet(root: Debian) -> bool:
    """Let podman's generator make a service of each word by itself, and of every base; systemd reads what it makes."""
    words = [word for word in readers.NASTY if word]
    units = {f"word{number}": made("fedora", "quadlet", msgspec.structs.replace(JOB, command=("echo", word)))
             for number, word in enumerate(words)}  # fmt: skip
    units |= {base: made(base, "quadlet") for base in BASES}
    for name, unit in units.items():
        root.write(f"/root/units/{name}.container", unit.text)
    output = root.run("env", "QUADLET_UNIT_DIRS=/root/units", "/usr/libexec/podman/quadlet", "--dryrun")
    services = dict(part.split(".service---\n", 1) for part in output.split("\n---")[0:] if ".service---" in part)
    services = {name.lstrip("-"): text for name, text in services.items()}
    got = {name: readers.service_words(text)[-1] for name, text in services.items() if name.startswith("word")}
    wrong = [words[int(name[4:])] for name, word in got.items() if word != words[int(name[4:])]]
    for name, text in services.items():
        root.write(f"/root/services/{name}.service", text)
    verdict = root.run(
        "bash", "-c", "systemd-analyze verify --man=no /root/services/*.service 2>&1 | grep services/ || :"
    )
    program = root.run("podman", "--version").strip()
    print(f"quadlet of {program}: {len(services)} of {len(units)} units became services, "
          f"{len(got) - len(wrong)} of {len(words)} hostile words arrived; wrong: {wrong or 'none'}; "
          f"systemd says: {verdict.strip() or 'nothing'}")  # fmt: skip
    return len(services) == len(units) and len(got) == len(words) and not wrong and not verdict


def compose(root: Debian) -> bool:
    """Let Docker Compose read the file of every base with every hostile word in its command."""
    right = 0
    for base in BASES:
        root.write(
            "/root/compose/compose.yaml",
            made(base, "compose", msgspec.structs.replace(JOB, command=readers.NASTY)).text,
        )
        output = root.run("docker-compose", "--file", "/root/compose/compose.yaml", "config", "--format", "json")
        service = json.loads(output)["services"]["train"]
        right += [readers.undoubled(word) for word in service["command"]] == list(readers.NASTY)
    print(
        f"{root.run('docker-compose', 'version').strip()}: {right} of {len(BASES)} files read, all words as they were"
    )
    return right == len(BASES)


def apptainer(root: Debian) -> bool:
    """Build the definition of every base, run it, and compare its labels and the words that its command got.

    As folders, since packing them into files takes most of the time; the words of a build are the same.
    """
    with store() as images:
        built = [_apptainer(root, images, base) for base in BASES]
        root.run("rm", "-rf", "/root/image")
    return all(built)


def _apptainer(root: Debian, images: Images, base: str) -> bool:
    wanted = [*BASES[base], "--framework", "torch", "--base-image", base]
    container = images.stand_in(wanted)
    for reference in {container.base.reference, container.base.build_reference or container.base.reference}:
        root.push(reference, images.env)
    words = [word for word in readers.NASTY if word.isprintable() and "{{" not in word]
    asked = ["container", "--no-pin", *wanted, "--format", "apptainer", "--", "python", "-c", SHOW, *words]
    root.write("/root/image.def", run(GPUSETUP, *asked))
    start = time.monotonic()
    root.online("apptainer", "--quiet", "build", "--sandbox", "--force", "image", "image.def")
    seconds = time.monotonic() - start
    got = json.loads(root.online("apptainer", "--quiet", "run", "image").splitlines()[-1])
    output = json.loads(root.online("apptainer", "inspect", "--json", "--labels", "image"))
    labels = output["data"]["attributes"]["labels"]
    lacking = {name for name, value in container.labels.items() if labels.get(name) != value}
    arrived = "every word arrived" if got == words else f"got {got}"
    print(f"apptainer, {base}: built in {seconds:.0f} s; "
          f"{arrived}; labels lacking: {lacking or 'none'}", flush=True)  # fmt: skip
    return got == words and not lacking


def bootc(root: Debian) -> bool:
    """Build the bootable host with real dnf and rpm upon a stand-in, with stub packages from a stand-in internet."""
    with tempfile.TemporaryDirectory(prefix="gpusetup-world-") as folder, store() as images:
        places = [Path(folder, name) for name in ("world", "lab")]
        places[0].mkdir()
        world = World(places[0])
        stack = world.stack(ADA, variant="bootc", containers=True, frameworks=("torch",))
        lab = Lab(places[1], world)
        try:
            images.bootable(BOOTABLE, world)
            archive = root.folder / "root/base.tar"
            archive.unlink(missing_ok=True)
            images.buildah("push", "--quiet", BOOTABLE, f"docker-archive:{archive}:{BOOTABLE}")
            base = own_base(BOOTABLE, base_row(facts(), "fedora-bootc", "44"))
            text = render(stack, base, JOB, facts(), made="2026-11-27", kind="bootc").text
            root.write("/root/bootc/Containerfile", text)
            network = ["nsenter", "--target", str(lab.first), "--net"]
            root.run("buildah", "pull", "--quiet", "docker-archive:/root/base.tar")
            start = time.monotonic()
            # it would raise this machine's own limits otherwise, which not every root may
            limits = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")
            options = ("--isolation=chroot", "--pull=never", "--network=host", "--tag=localhost/host:1", *limits)
            names = [f"--add-host={host}:127.0.0.1" for host in HOSTS]
            key = signing_key(root)
            secrets = ("--secret=id=private,src=/root/key.priv", "--secret=id=certificate,src=/root/key.der")
            root.run("buildah", "build", *options, *names, *secrets, "/root/bootc", before=network)
            seconds = time.monotonic() - start
            inside = root.run("bash", "-c", LOOK)
            root.run("buildah", "push", "--quiet", "localhost/host:1", "docker-archive:/root/host.tar")
            leaked = key in (root.folder / "root/host.tar").read_bytes()
        finally:
            lab.close()
            world.close()
    program = root.run("buildah", "--version").split(" (")[0]
    where = "IN A" if leaked else "in no"
    print(f"bootc by {program}: built in {seconds:.0f} s; the key is {where} layer; inside: {inside.strip()}")
    return not leaked and all(word in inside for word in ("train.container", "version: 610.", "signer: lab"))


def signing_key(root: Debian) -> bytes:
    """Make a key to sign the module with, and return a piece of it that shows where it ended up."""
    place = root.folder / "root"
    files = ("-keyout", place / "key.priv", "-outform", "DER", "-out", place / "key.der")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=lab", *files)
    return (place / "key.priv").read_bytes().splitlines()[3]


LOOK = """name=$(buildah from --pull-never localhost/host:1); at=$(buildah mount "$name")
cd "$at"; ls usr/share/containers/systemd usr/lib/bootc/kargs.d etc/yum.repos.d | paste -sd' '; cd /
cat "$at"/lib/modules/*/extra/nvidia.ko | paste -sd' '
rm -f /root/host.tar
buildah umount "$name" >/dev/null; buildah rm "$name" >/dev/null"""


PARTS = {"quadlet": quadlet, "compose": compose, "apptainer": apptainer, "bootc": bootc}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
