"""The key that encrypts backups: a pair of GnuPG's, whose private half is itself encrypted with
BACKUP_PASSPHRASE. It lies beside the backups, so that a copy of their directory and the passphrase are all that a
restore needs."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from backend.embedded_files import reason
from emerald.backups.errors import BackupError
from emerald.backups.programs import find_program

KEY = "emerald-backup"
VARIABLE = "EMERALD_BACKUP_PASSPHRASE"  # how Barman gets the passphrase
PROBE = b"Emerald's backups are encrypted.\n"
# RSA for what encrypts: Barman tells encrypted files by the program `file`, which does not know those of the newer kinds of keys.
ALGORITHM = "rsa3072"
LOOPBACK = ("--pinentry-mode", "loopback", "--passphrase-fd", "0")
# The agent remembers nothing: else a wrong passphrase would pass for a while after the right one.
AGENT = "default-cache-ttl 0\nmax-cache-ttl 0\nallow-loopback-pinentry\n"


def directory(home: Path) -> Path:
    """GnuPG's directory among the backups."""
    return home / "gnupg"


def prepare(home: Path, passphrase: str) -> None:
    """Make the key pair if there is none, and check the passphrase against it. Raises `BackupError`."""
    where = directory(home)
    # The service and a command by hand may both come first. Two pairs of one name would be of no use to either.
    with (home / "gnupg.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (where / "probe.gpg").exists():
            _make_key(home, passphrase)
        (where / "gpg-agent.conf").write_text(AGENT)
    if not can_decrypt(home, passphrase):
        raise BackupError(
            f"BACKUP_PASSPHRASE is another than the one of the key in {where}: set that one."
            " To begin with a new passphrase, name an empty BACKUP_DIR and keep the old one for restores."
        )


def _make_key(home: Path, passphrase: str) -> None:
    where, secret = directory(home), passphrase.encode() + b"\n"
    # What a process that ended midway left: nothing was encrypted with it, for the probe comes first.
    stop_agent(home)
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(mode=0o700, exist_ok=True)
    (where / "gpg-agent.conf").write_text(AGENT)
    _gpg(where, secret, *LOOPBACK, "--quick-generate-key", KEY, "ed25519", "sign", "never")
    listed = _gpg(where, b"", "--with-colons", "--list-keys", KEY).decode()
    fingerprint = listed.split("\nfpr:", 1)[1].split("\n", 1)[0].strip(":")
    _gpg(where, secret, *LOOPBACK, "--quick-add-key", fingerprint, ALGORITHM, "encrypt", "never")
    begun = where / "probe.new"
    _gpg(where, PROBE, "--recipient", KEY, "--output", str(begun), "--encrypt")
    begun.rename(where / "probe.gpg")


def can_decrypt(home: Path, passphrase: str) -> bool:
    """Whether this passphrase is the key's."""
    where = directory(home)
    try:
        opened = _gpg(where, passphrase.encode() + b"\n", *LOOPBACK, "--decrypt", str(where / "probe.gpg"))
    except BackupError:
        return False
    return opened == PROBE


def stop_agent(home: Path) -> None:
    """End the process that GnuPG leaves behind."""
    if directory(home).is_dir():
        command = [find_program("gpgconf"), "--homedir", str(directory(home)), "--kill", "gpg-agent"]
        subprocess.run(command, capture_output=True, check=False)


def _gpg(where: Path, given: bytes, *arguments: str) -> bytes:
    find_program("file")  # by which Barman tells what is encrypted
    command = [find_program("gpg"), "--homedir", str(where), "--batch", "--quiet", *arguments]
    done = subprocess.run(command, input=given, capture_output=True)
    if done.returncode != 0:
        raise BackupError(f"GnuPG failed: {reason(done.stderr.decode('utf-8', 'replace'))}.")
    return done.stdout
