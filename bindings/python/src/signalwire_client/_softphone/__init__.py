"""A phone for the command line, for people and for scripts.

It uses nothing but the public interface of the package, so it is also an example of how to use it:
``phone.py`` has the call. Its arguments, commands, output and exit codes are those of the Rust
example ``softphone``.
"""
