"""Who may see a served app: names and hashed passwords in one small file."""

import base64
import hashlib
import hmac
import json
import secrets
from pathlib import Path

from deeptracker.errors import ConfigError

__all__ = ["Users"]

# RFC 7914's parameters for interactive use: about 16 MiB and 50 ms a try.
COST, BLOCK, PARALLEL = 2**14, 8, 1
SALT_BYTES = 16
LEAST_PASSWORD = 8


class Users:
    """The names in a users file; each of them may see every served run.

    Parameters
    ----------
    path : str or Path
        A JSON object of name to hash, as `add` writes it.

    Raises
    ------
    ConfigError
        When the file cannot be read or holds something else.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            loaded = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(
                f"{path}: there is no such file; make it with: deeptracker user {path} NAME"
            ) from None
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read as a users file ({error})") from None
        if not isinstance(loaded, dict) or not all(map(_is_hash, loaded.values())):
            raise ConfigError(
                f"{path}: is not a users file; make one with: deeptracker user {path} NAME"
            )
        self.hashes: dict[str, str] = loaded

    @property
    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self.hashes)

    def accepts(self, name: str, password: str) -> bool:
        """Whether a password belongs to a name; checking an unknown name takes as long."""
        known = self.hashes.get(name)
        salt = base64.b64decode(known.split("$")[1]) if known else b"nobody has this."
        wanted = base64.b64decode(known.split("$")[2]) if known else b""
        return hmac.compare_digest(_hash(password, salt), wanted)

    @classmethod
    def add(cls, path: str | Path, name: str, password: str) -> None:
        """Add a name, or change its password; create the file if it is missing.

        Raises
        ------
        ConfigError
            When the name is empty, the password too short, or the file invalid.
        """
        if not name.strip():
            raise ConfigError("the name is empty; give one")
        if len(password) < LEAST_PASSWORD:
            raise ConfigError(
                f"the password has {len(password)} characters; give {LEAST_PASSWORD} or more"
            )
        file = Path(path)
        hashes = dict(cls(file).hashes) if file.exists() else {}
        salt = secrets.token_bytes(SALT_BYTES)
        parts = (base64.b64encode(part).decode() for part in (salt, _hash(password, salt)))
        hashes[name] = "$".join(["scrypt", *parts])
        temporary = file.with_name(f".{file.name}.new")
        try:
            temporary.write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")
            temporary.chmod(0o600)
            temporary.replace(file)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL, dklen=32)


def _is_hash(value: object) -> bool:
    if not isinstance(value, str):
        return False
    parts = value.split("$")
    try:
        return len(parts) == 3 and parts[0] == "scrypt" and len(base64.b64decode(parts[2])) == 32
    except ValueError:
        return False
