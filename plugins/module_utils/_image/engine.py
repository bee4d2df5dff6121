# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Docker or Podman engine on this machine: which images it has, pulling one, and containers of them.

To read files of an image, a container is created, read (containers.py) and removed, and never started. A program of an
image is run only by `run`, locked up (runs.py).

Source: Docker Engine API (Image, Container), which Podman's service speaks as well.
"""

from __future__ import annotations

import importlib
import os
import stat
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .containers import Container, short
from .credentials import Login
from .digests import is_digest
from .errors import BadReference, EngineFailed, ImageError, ManifestNotFound, NoEngine
from .http import of_the_wire
from .references import Platform, RegistryReference, engine_name, parse_reference
from .runs import Ran, Run, remove_forgotten, run

_SYSTEM_SOCKETS = (Path("/var/run/docker.sock"), Path("/run/podman/podman.sock"))
_LABEL = "lambdaops.deploy.reads"


class MissingDocker(ImageError):
    """The Python package docker is not installed."""


@dataclass(frozen=True, slots=True)
class LocalCopy:
    """An image that an engine has. digests: those under which it was pulled from, or pushed to, this repository."""

    reference: str
    id: str
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pulled:
    """seconds: how long it took; before and after: the copy that the engine had, and has."""

    seconds: float
    before: LocalCopy | None
    after: LocalCopy | None


@dataclass(frozen=True, slots=True)
class Inspected:
    """diff_ids: lowest layer first; history: (command, bytes) of each step, oldest first."""

    id: str
    platform: Platform
    diff_ids: tuple[str, ...]
    env: tuple[str, ...]
    history: tuple[tuple[str, int], ...]


class Engine:
    """One engine; `host` is how messages name it."""

    def __init__(self, client: Any, host: str) -> None:
        self._client = client
        self.host = host

    @classmethod
    def find(cls, environ: Mapping[str, str] | None = None) -> Engine | None:
        """The engine that DOCKER_HOST names, else one that answers at a usual socket; None without one."""
        try:
            return cls.require(environ)
        except (MissingDocker, NoEngine):
            return None

    @classmethod
    def require(cls, environ: Mapping[str, str] | None = None) -> Engine:
        """As `find`, but raises MissingDocker and NoEngine, which say what is missing."""
        environ = os.environ if environ is None else environ
        hosts = [environ["DOCKER_HOST"]] if environ.get("DOCKER_HOST") else list(_usual_hosts(environ))
        for host in hosts:
            sdk = _sdk()  # where there is no socket, most of a short task would be this import
            try:
                return cls(sdk.from_env(environment={**environ, "DOCKER_HOST": host}), _shown(host))
            except Exception as error:
                if not (_of_the_engine(error) or isinstance(error, ValueError)):  # of an address that is none
                    raise
        named = "DOCKER_HOST" if environ.get("DOCKER_HOST") else "the usual sockets of Docker and Podman"
        tried = f" ({', '.join(map(_shown, hosts))})" if hosts else ""
        raise NoEngine(
            f"No engine answers at {named}{tried}.",
            hint="Start Docker, or Podman's socket (systemctl --user start podman.socket), or set DOCKER_HOST.",
        )

    def close(self) -> None:
        self._client.close()

    def local_copy(self, reference: RegistryReference) -> LocalCopy | None:
        """The image that the engine has under this name; None without one. Mirrors have no say here."""
        name = engine_name(reference)
        with self._answers(f"say whether it has {name}"):
            try:
                found = self._client.api.inspect_image(name)
            except _sdk().errors.ImageNotFound:
                return None
            digests = {digest for known in found.get("RepoDigests") or () if (digest := _digest_in(known, reference))}
            return LocalCopy(str(reference), str(found["Id"]), tuple(sorted(digests)))

    def pull(
        self,
        reference: RegistryReference,
        platform: Platform,
        login: Login | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Pulled:
        """Let the engine pull the image, with its own registries, proxies and mirrors. Raises EngineFailed.

        login: None is what `docker login` stored for the registry.
        """
        before, begun = self.local_copy(reference), clock()
        auth = {"username": login.username, "password": login.password} if login and login.username else None
        with self._answers(f"pull {reference}"):
            lines = self._client.api.pull(
                reference.name,
                tag=reference.digest or reference.wanted,
                platform=str(platform),
                auth_config=auth,
                stream=True,
                decode=True,
            )
            for line in lines:  # a pull that fails ends as well as one that does not, but for this
                if "error" in line:
                    raise EngineFailed(
                        f"The engine at {self.host} can't pull {reference}: {short(line['error'])}.",
                        hint="Check the name and `docker login`; a mirror in `registry_mirrors` is not known to it.",
                    )
        return Pulled(clock() - begun, before, self.local_copy(reference))

    def inspect(self, name: str) -> Inspected:
        """What the engine knows of an image, by name or ID. Raises ManifestNotFound, EngineFailed."""
        with self._answers(f"describe {name}"):
            try:
                found = self._client.api.inspect_image(name)
                steps = self._client.api.history(found["Id"])
            except _sdk().errors.ImageNotFound:
                raise ManifestNotFound(
                    f"The engine at {self.host} does not have the image {name}.",
                    hint=f"Pull or build it first, or read it from its registry: docker://{name}.",
                ) from None
            config = found.get("Config") or {}
            return Inspected(
                id=str(found["Id"]),
                platform=Platform(*(str(found.get(key) or "") for key in ("Os", "Architecture", "Variant"))),
                diff_ids=tuple(str(digest) for digest in (found.get("RootFS") or {}).get("Layers") or ()),
                env=tuple(str(item) for item in config.get("Env") or ()),
                history=tuple((str(step.get("CreatedBy") or ""), int(step.get("Size") or 0)) for step in steps[::-1]),
            )

    def tags(self, repository: str) -> list[str]:
        """The tags under which the engine has images of a repository, written host/path."""
        with self._answers(f"list {repository}"):
            images = self._client.api.images(name=repository)
            names = (name.rpartition(":") for image in images for name in image.get("RepoTags") or ())
            return sorted({tag for _name, colon, tag in names if colon and tag != "<none>"})

    @contextmanager
    def container(self, image: str) -> Iterator[Container]:
        """A container of the image that is never started, and removed however the block ends."""
        name = f"lambdaops-reads-{uuid.uuid4().hex}"  # chosen here: it is known even if the answer gets lost
        try:
            with self._said(f"create a container of {image}"):
                # Some images name no command, and a container is not created without one.
                self._client.api.create_container(
                    image, ["never-started"], name=name, labels={_LABEL: image}, network_disabled=True
                )
            yield Container(self._client.api, name, self.host, self._said)
        except BaseException:
            try:
                self._remove(name)
            except ImageError:
                pass  # what went wrong first says more
            raise
        self._remove(name)

    def run(self, wanted: Run, now: float) -> Ran:
        """Run a program in a container that is removed however it ends; those of runs that were killed are removed as
        well. now: seconds since 1970. Raises EngineFailed."""
        remove_forgotten(self._client.api, self._answers, self._remove, now)
        return run(self._client.api, wanted, self._answers, self._remove, now)

    def architecture(self) -> str:
        """Of the engine's machine, as images say it: `amd64`, `arm64`."""
        with self._answers("say what machine it runs on"):
            return str(self._client.api.version()["Arch"])

    def _remove(self, name: str) -> None:
        with self._said(f"remove the container {name}"):
            try:
                self._client.api.remove_container(name, v=True, force=True)
            except _sdk().errors.NotFound:
                pass

    @contextmanager
    def _answers(self, doing: str) -> Iterator[None]:
        """Around what asks and what takes the answer apart."""
        with self._said(doing):
            try:
                yield
            except (AttributeError, KeyError, TypeError, ValueError):
                raise EngineFailed(
                    f"The engine at {self.host} answers something unexpected when asked to {doing}.",
                    hint="Check DOCKER_HOST: it may be another service, or an engine of another time.",
                ) from None

    @contextmanager
    def _said(self, doing: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not _of_the_engine(error):
                raise
            why = getattr(error, "explanation", None) or getattr(getattr(error, "response", None), "reason", None)
            raise EngineFailed(
                f"The engine at {self.host} can't {doing}: {short(why)}."
                if why
                else f"The engine at {self.host} stopped answering when asked to {doing}.",
                hint="Look into the engine's log, and try again.",
            ) from None


def _sdk() -> Any:
    """Imported when an engine is asked for: it takes long to load, and most images come from registries."""
    try:
        return importlib.import_module("docker")
    except ImportError:
        raise MissingDocker("A local engine can't be asked without the Python package docker.") from None


def _usual_hosts(environ: Mapping[str, str]) -> Iterator[str]:
    sockets = list(_SYSTEM_SOCKETS)
    if runtime := environ.get("XDG_RUNTIME_DIR"):  # rootless engines
        sockets += [Path(runtime, "docker.sock"), Path(runtime, "podman", "podman.sock")]
    if home := environ.get("HOME"):
        sockets.append(Path(home, ".docker", "run", "docker.sock"))  # Docker Desktop
    for path in sockets:
        try:
            if stat.S_ISSOCK(path.stat().st_mode):
                yield f"unix://{path}"
        except OSError:
            continue


def _of_the_engine(error: Exception) -> bool:
    return of_the_wire(error) or isinstance(error, _sdk().errors.DockerException)


def _shown(host: str) -> str:
    """Without a user name or password."""
    scheme, separator, rest = host.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _digest_in(known: str, wanted: RegistryReference) -> str:
    """The digest of an entry of RepoDigests if it is one of the wanted repository, else ""."""
    try:
        parsed = parse_reference(known)
    except BadReference:  # <none>@<none>
        return ""
    same = isinstance(parsed, RegistryReference) and parsed.name == wanted.name and is_digest(parsed.digest)
    return parsed.digest if same and isinstance(parsed, RegistryReference) else ""
