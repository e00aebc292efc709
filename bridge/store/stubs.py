"""The etcd3 package's protobuf stubs, rebuilt; only this module knows where they come from.

The stubs in etcd3 0.12.0 do not work with current protobuf. They are rebuilt from the descriptors in them, which
are read as text. The package's client is not imported, since each of its calls would block a thread.
"""

import ast
import os
import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# gRPC would also print to standard error what we raise as errors; it reads this when it is loaded.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
import grpc.aio
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass


def _serialized(path: Path) -> bytes:
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^  serialized_pb=_b\((.*)\)$", text, re.MULTILINE)
    if found is None:
        raise ImportError(f"{path} is not of etcd3 0.12.0")
    return str(ast.literal_eval(found[1])).encode("latin1")


def _descriptor(package: Path) -> FileDescriptor:
    pool = DescriptorPool()
    for name in ("kv", "auth", "rpc"):
        pool.AddSerializedFile(_serialized(package / "etcdrpc" / f"{name}_pb2.py"))
    return pool.FindFileByName("rpc.proto")


# Streams on which we send one request and take one answer: made plain calls, so that nothing is kept open.
_PLAIN = ("LeaseKeepAlive",)


def _method(channel: grpc.Channel, method: MethodDescriptor) -> grpc.UnaryUnaryMultiCallable:
    streams = (it and method.name not in _PLAIN for it in (method.client_streaming, method.server_streaming))
    shape = "_".join("stream" if is_stream else "unary" for is_stream in streams)
    return getattr(channel, shape)(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=GetMessageClass(method.input_type).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )


def _stub(service: ServiceDescriptor) -> type:
    def init(self: object, channel: grpc.Channel) -> None:
        for method in service.methods:
            setattr(self, method.name, _method(channel, method))

    return type(f"{service.name}Stub", (), {"__init__": init})


def _rebuilt() -> SimpleNamespace:
    spec = find_spec("etcd3")
    if spec is None or spec.origin is None:
        raise ImportError("etcd3 is not installed")
    file = _descriptor(Path(spec.origin).parent)
    messages = {name: GetMessageClass(message) for name, message in file.message_types_by_name.items()}
    stubs = {f"{name}Stub": _stub(service) for name, service in file.services_by_name.items()}
    return SimpleNamespace(**messages, **stubs)


# The classes are made at run time, so no type checker knows them; `messages` declares what we read of them.
etcdrpc: Any = _rebuilt()

__all__ = ["etcdrpc", "grpc"]
