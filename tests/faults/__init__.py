"""Crash safety, tried out: commands under strace, which makes one system call at a time fail.

``python -m faults`` (with ``tests`` on the path; ``make faults`` does it) runs commands of a tiny
package, each time with one other system call that fails with EIO, with ENOSPC, or at which the
process is killed, looks at what is left on disk, and runs the command again.

- `zygote`: one process that has imported everything; each command runs in a fork of it.
- `calls`: which system calls touch the package, from a run that is only watched.
- `scenes`: the commands, each with the package that it starts from.
- `state`: what is on disk, as units that are whole or absent.
- `injection`: one fault that is injected, and what must hold after it.
- `writers`: several writers at once, some of them killed; clocks that go back.
- `table`: the results as text and as the table in docs/.
"""
