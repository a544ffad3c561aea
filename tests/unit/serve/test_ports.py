"""Ports are looked at before anything is started."""

import socket

import pytest

from server.serve.ports import free_ports
from server.serve.watch import ServeError


def test_zero_is_a_free_port_and_two_of_them_differ():
    first, second = free_ports({"--port": 0, "--model_server_port": 0})
    assert first != second
    with socket.create_server(("", first)), socket.create_server(("", second)):
        pass


@pytest.mark.parametrize("host", ["", "127.0.0.1", "::1"])
def test_a_taken_port_is_named_with_its_flag(host):
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} cannot be used: Address already in use; .* --port"):
            free_ports({"--port": port})


def test_all_that_are_taken_are_named_at_once():
    with socket.create_server(("", 0)) as first, socket.create_server(("", 0)) as second:
        ports = [taken.getsockname()[1] for taken in (first, second)]
        with pytest.raises(ServeError, match="port {} .*--a\nport {} .*--b".format(*ports)):
            free_ports({"--a": ports[0], "--b": ports[1]})


def test_one_port_for_both_servers_is_refused():
    port = free_ports({"--port": 0})[0]
    with pytest.raises(ServeError, match=f"port {port} .* --model_server_port"):
        free_ports({"--port": port, "--model_server_port": port})
