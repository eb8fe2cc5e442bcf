"""A print-and-post provider's SFTP server on loopback, over a folder of the test."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import paramiko

PASSWORD = "a secret that only tests know, and long enough"


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        good = username == "forbear" and password == PASSWORD
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


class _Handle(paramiko.SFTPHandle):
    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class Sftp:
    """The server; `full` lets every write fail."""

    def __init__(self, folder: Path) -> None:
        self.key = paramiko.ECDSAKey.generate()
        self.full = False
        self._listen = socket.create_server(("127.0.0.1", 0))
        self.port = self._listen.getsockname()[1]
        outer = self

        class Files(paramiko.SFTPServerInterface):
            def _at(self, path):
                return folder / path.lstrip("/")

            def list_folder(self, path):
                return [paramiko.SFTPAttributes.from_stat(one.stat(), one.name) for one in self._at(path).iterdir()]

            def stat(self, path):
                try:
                    return paramiko.SFTPAttributes.from_stat(self._at(path).stat())
                except OSError as no:
                    return paramiko.SFTPServer.convert_errno(no.errno)

            lstat = stat

            def open(self, path, flags, attr):
                writes = flags & (os.O_WRONLY | os.O_RDWR)
                if writes and outer.full:
                    return paramiko.SFTP_FAILURE
                handle = _Handle(flags)
                file = self._at(path).open("wb+" if writes else "rb")
                handle.readfile = handle.writefile = file
                return handle

            def posix_rename(self, oldpath, newpath):
                self._at(oldpath).replace(self._at(newpath))
                return paramiko.SFTP_OK

        self._files = Files
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listen.accept()
            except OSError:
                return
            far = paramiko.Transport(line)
            far.add_server_key(self.key)
            far.set_subsystem_handler("sftp", paramiko.SFTPServer, self._files)
            far.start_server(server=_Login())

    def known_hosts(self, into: Path, key: paramiko.PKey | None = None) -> Path:
        """A file that knows this server, or another's key in its place."""
        given = key or self.key
        into.write_text(f"[127.0.0.1]:{self.port} {given.get_name()} {given.get_base64()}\n")
        return into

    def close(self) -> None:
        """Serve no longer."""
        self._listen.close()
