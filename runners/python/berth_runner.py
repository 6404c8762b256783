"""Calls a user's Python handler: reads the file that BERTH_CALL names, leaves the one that BERTH_RESULT names.

Standard library only, Python >= 3.8. The contract is packages/spec/src/runner.ts; the rules for users are in README.md.
"""

import inspect
import importlib
import importlib.util
import json
import math
import os
import signal
import sys
import traceback
import types

MAX_RESULT_BYTES = 256 * 1024
MAX_TRACEBACK_BYTES = 32 * 1024
MAX_DEPTH = 200
MAX_SAFE_INTEGER = 2**53 - 1
HINTS = {
    "bytes": "return text, for instance base64",
    "bytearray": "return text, for instance base64",
    "datetime": "return value.isoformat()",
    "date": "return value.isoformat()",
    "Decimal": "return str(value) or float(value)",
    "set": "return sorted(value)",
    "frozenset": "return sorted(value)",
    "ndarray": "return value.tolist()",
    "DataFrame": "return value.to_dict('records')",
    "Series": "return value.tolist()",
}


class LoadProblem(Exception):
    """The module, the handler or its arguments are not as the run says."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class ResultProblem(Exception):
    """What the handler returned cannot be kept."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


# Finding the handler.


def list_modules(code_dir):
    return sorted(name for name in os.listdir(code_dir) if name.endswith(".py"))


def split_handler(handler, code_dir):
    """(`main.py` | `pkg.main`, `name`); a bare name is looked for in the only module at the top of the code."""
    module, _, name = handler.rpartition(":")
    if module:
        return module, name
    found = list_modules(code_dir)
    if len(found) != 1:
        raise LoadProblem(
            "HandlerNotFound",
            "The handler %r names no module and the code holds %d at its top; write file.py:%s." % (handler, len(found), handler),
        )
    return found[0], handler


def find_file(module, code_dir):
    """The module's file in the code, or None for a module that is installed elsewhere."""
    stem = module[:-3] if module.endswith(".py") else module.replace(".", "/")
    for candidate in (stem + ".py", os.path.join(stem, "__init__.py")):
        path = os.path.realpath(os.path.join(code_dir, candidate))
        if os.path.isfile(path):
            return path
    return None


def load_module(module, code_dir):
    path = find_file(module, code_dir)
    dotted = module[:-3].replace("/", ".") if module.endswith(".py") else module
    if path is None:
        root = dotted.split(".")[0]
        if module.endswith(".py") or importlib.util.find_spec(root) is None:
            held = ", ".join(list_modules(code_dir)) or "no Python file"
            raise LoadProblem("ModuleNotFoundError", "The code has no module %r; at its top it holds %s." % (module, held))
        return importlib.import_module(dotted)
    taken = sys.modules.get(dotted.split(".")[0])
    if taken is None and all(part.isidentifier() for part in dotted.split(".")):
        loaded = importlib.import_module(dotted)
        if os.path.realpath(getattr(loaded, "__file__", None) or "") == path:
            return loaded
    # A module of the interpreter has that name (json.py), or it is no identifier (my-job.py).
    spec = importlib.util.spec_from_file_location("berth_handler_" + "".join(c if c.isalnum() else "_" for c in dotted), path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def find_callable(module, name):
    value = module
    for part in name.split("."):
        if not hasattr(value, part):
            raise LoadProblem("HandlerNotFound", "%s has no %r.%s" % (describe(module), name, suggest(module, part)))
        value = getattr(value, part)
    if not callable(value):
        raise LoadProblem("HandlerNotFound", "%r in %s is no function but %s." % (name, describe(module), type(value).__name__))
    return value


def describe(module):
    return os.path.basename(getattr(module, "__file__", None) or module.__name__)


def suggest(module, name):
    import difflib

    own = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    close = difflib.get_close_matches(name, own, 1)
    if close:
        return " Did you mean %r?" % close[0]
    return " It defines %s." % ", ".join(own[:10]) if own else " It defines no function."


# Calling it.


def merge_arguments(inputs, parameters):
    both = sorted(set(inputs) & set(parameters))
    if both:
        raise LoadProblem("TypeError", "%r is both an input and a parameter." % both[0])
    merged = dict(inputs)
    merged.update(parameters)
    return merged


def bind(function, given, context):
    """Positional and keyword arguments, by name; `context` only where the signature asks for it."""
    try:
        wanted = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return [], given
    name = getattr(function, "__name__", "The handler")
    if any(p.name == "context" for p in wanted) and "context" not in given:
        given = dict(given, context=context)
    names = [p.name for p in wanted if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    missing = [p.name for p in wanted if p.name in names and p.default is p.empty and p.name not in given]
    if missing:
        raise LoadProblem("TypeError", "%s() needs %s, which the run does not give." % (name, quote(missing)))
    extra = [key for key in given if key not in names]
    if extra and not any(p.kind is p.VAR_KEYWORD for p in wanted):
        raise LoadProblem("TypeError", "%s() takes no %s; it takes %s." % (name, quote(extra), quote(names) or "nothing"))
    positional = [p.name for p in wanted if p.kind is p.POSITIONAL_ONLY and p.name in given]
    return [given[key] for key in positional], {k: v for k, v in given.items() if k not in positional}


def quote(names):
    return ", ".join(repr(name) for name in names)


class Loop:
    """One event loop for the init function and the handler, made only when one of them is a coroutine."""

    def __init__(self):
        self.loop = None

    def run(self, value):
        if not inspect.isawaitable(value):
            return value
        import asyncio

        async def wait():
            return await value

        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(wait())

    def close(self):
        if self.loop is None:
            return
        import asyncio

        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


# Keeping what it returned.


def to_json(value, path="", parents=()):
    """The value as plain JSON, or a ResultProblem that names the place of what is none."""
    where = "at %s" % path.lstrip(".") if path else "that was returned"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return to_number(value, where)
    if isinstance(value, str):
        return str.__str__(value)
    if id(value) in parents or len(parents) >= MAX_DEPTH:
        raise ResultProblem("NotJson", "The value %s holds itself or is nested deeper than %d levels." % (where, MAX_DEPTH))
    parents = parents + (id(value),)
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise ResultProblem("NotJson", "The key %r of the value %s is %s, not text." % (key, where, type_name(key)))
        return {str.__str__(key): to_json(item, path + step(key), parents) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item, "%s[%d]" % (path, index), parents) for index, item in enumerate(value)]
    hint = HINTS.get(type(value).__name__) or ("return value.item()" if hasattr(value, "dtype") else "return plain values")
    raise ResultProblem("NotJson", "The value %s is %s, which JSON does not have: %s." % (where, type_name(value), hint))


def to_number(value, where):
    if isinstance(value, int):
        number = int(value)
        if abs(number) > MAX_SAFE_INTEGER:
            raise ResultProblem("NotJson", "The integer %s is beyond 2^53 and would lose digits: return str(value)." % where)
        return number
    number = float(value)
    if not math.isfinite(number):
        raise ResultProblem("NotJson", "The value %s is %r, which JSON does not have: return None." % (where, number))
    return number


def step(key):
    return "." + key if key.isidentifier() else "[%s]" % json.dumps(key)


def type_name(value):
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else "%s.%s" % (kind.__module__, kind.__name__)


def encode(document):
    # A lone surrogate becomes the JSON escape of itself.
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def encode_value(value):
    try:
        plain = to_json(value)
    except RecursionError:
        raise ResultProblem("NotJson", "The value that was returned is nested too deep.") from None
    size = len(encode(plain))
    if size > MAX_RESULT_BYTES:
        raise ResultProblem(
            "TooLarge",
            "The result has %d bytes of JSON, at most %d are kept: write it to a volume and return where it is."
            % (size, MAX_RESULT_BYTES),
        )
    return encode({"version": 1, "ok": True, "value": plain})


def write_result(path, content):
    temporary = "%s.%d.tmp" % (path, os.getpid())
    with open(temporary, "wb") as file:
        file.write(content)
    os.replace(temporary, path)


# Telling what went wrong.


def own_frames_removed(problem, seen=()):
    if problem is None or id(problem) in seen:
        return
    problem.stack[:] = [
        frame for frame in problem.stack if frame.filename != __file__ and not frame.filename.startswith("<frozen importlib")
    ]
    seen = seen + (id(problem),)
    for inner in [problem.__cause__, problem.__context__] + list(getattr(problem, "exceptions", None) or []):
        own_frames_removed(inner, seen)


def format_traceback(error, code_dir):
    problem = traceback.TracebackException(type(error), error, error.__traceback__)
    own_frames_removed(problem)
    text = "".join(problem.format())
    for folder in (code_dir, os.path.realpath(code_dir)):
        text = text.replace(folder + os.sep, "")
    return tail(text)


def tail(text):
    return text.encode("utf-8", "backslashreplace")[-MAX_TRACEBACK_BYTES:].decode("utf-8", "ignore")


def describe_error(error):
    try:
        return str(error)
    except Exception as broken:
        return "(its text cannot be printed: %s)" % type(broken).__name__


def fail(call, stage, error):
    """Prints the problem where people look for it, and keeps it; the process then ends with 1."""
    described = {"stage": stage, "type": getattr(error, "kind", None) or type(error).__qualname__, "message": tail(describe_error(error))}
    if isinstance(error, (LoadProblem, ResultProblem)):
        sys.stderr.write(str(error) + "\n")
    else:
        described["traceback"] = format_traceback(error, call["codeDir"])
        sys.stderr.write(described["traceback"])
    if os.getpid() == runner_pid:
        write_result(os.environ["BERTH_RESULT"], encode({"version": 1, "ok": False, "error": described}))
    return 1


def leave_or_fail(call, stage, error):
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        raise error
    return fail(call, stage, error)


# The way of a call.


def prepare(call):
    """The init function's call or None, and the handler's: each a function of no arguments."""
    code_dir = call["codeDir"]
    context = types.SimpleNamespace(**call["context"])
    module_name, name = split_handler(call["handler"], code_dir)
    module = load_module(module_name, code_dir)

    def bound(function_name, given):
        function = find_callable(module, function_name)
        positional, named = bind(function, given, context)
        return lambda: function(*positional, **named)

    handler = bound(name, merge_arguments(call["inputs"], call["parameters"]))
    init = call.get("initFunction")
    return (bound(init, call.get("initParameters") or {}) if init else None), handler


def run(call):
    try:
        init, handler = prepare(call)
    except BaseException as error:
        return leave_or_fail(call, "load", error)
    loop = Loop()
    try:
        try:
            if init:
                loop.run(init())
            value = loop.run(handler())
        finally:
            loop.close()
    except BaseException as error:
        return leave_or_fail(call, "raised", error)
    if os.getpid() != runner_pid:
        return 0
    try:
        write_result(os.environ["BERTH_RESULT"], encode_value(value))
    except ResultProblem as error:
        return fail(call, "result", error)
    return 0


def terminate(number, frame):
    # As SystemExit, so that `finally` and `atexit` run; also because a PID 1 without a handler would ignore it.
    # A second one must not cut that short.
    signal.signal(number, lambda *_: None)
    sys.exit(128 + number)


def main():
    with open(os.environ["BERTH_CALL"], encoding="utf-8") as file:
        call = json.load(file)
    signal.signal(signal.SIGTERM, terminate)
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
    os.chdir(call["codeDir"])
    own_dir = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [call["codeDir"]] + [entry for entry in sys.path if os.path.abspath(entry) != own_dir]
    code = run(call)
    if os.getpid() != runner_pid:
        # A child that the handler forked and let return here: its end is not the run's.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    runner_pid = os.getpid()
    main()
