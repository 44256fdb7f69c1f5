"""What a taken-over process could do: system calls made by a running process of ours, as its own (check 55).

    with Inside(pid) as process:
        process.open("/etc/passwd")      # the descriptor, or -errno

The process is stopped by ptrace where it waits in a system call, makes the call, and goes on as if nothing had been.
x86-64 only; root only."""
import ctypes, errno, os, signal

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
POKEDATA, SINGLESTEP, GETREGS, SETREGS, ATTACH, DETACH, PEEKDATA = 5, 9, 12, 13, 16, 17, 2
NAMES = "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs".split()
OPENAT, SOCKET, EXECVE, KILL, CLOSE, CONNECT = 257, 41, 59, 62, 3, 42


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


def ptrace(request, pid, address=0, data=0):
    ctypes.set_errno(0)
    result = libc.ptrace(request, pid, address, data)
    if result == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), "ptrace")
    return result


class Inside:
    def __init__(self, pid):
        assert pid > 1
        self.pid = pid

    def __enter__(self):
        ptrace(ATTACH, self.pid)
        os.waitpid(self.pid, 0)
        self.saved = self.registers()
        self.stack = (self.saved.rsp - 4096) & ~15
        return self

    def __exit__(self, *_):
        ptrace(SETREGS, self.pid, 0, ctypes.addressof(self.saved))
        ptrace(DETACH, self.pid)

    def registers(self):
        registers = Registers()
        ptrace(GETREGS, self.pid, 0, ctypes.addressof(registers))
        return registers

    def place(self, content):
        """The bytes, ended by a NUL, in the process's memory below its stack."""
        content += b"\0" * (8 - len(content) % 8)
        for at in range(0, len(content), 8):
            ptrace(POKEDATA, self.pid, self.stack + at, int.from_bytes(content[at:at + 8], "little"))
        return self.stack

    def call(self, number, *arguments):
        registers = Registers.from_buffer_copy(self.saved)
        registers.rip -= 2  # the syscall instruction that it waits in
        registers.orig_rax = 2 ** 64 - 1
        registers.rax = number
        for name, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), arguments):
            setattr(registers, name, value % 2 ** 64)
        ptrace(SETREGS, self.pid, 0, ctypes.addressof(registers))
        ptrace(SINGLESTEP, self.pid)
        _, status = os.waitpid(self.pid, 0)
        if not os.WIFSTOPPED(status) or os.WSTOPSIG(status) != signal.SIGTRAP:
            raise OSError("the process ended: %x" % status)
        result = self.registers().rax
        return result - 2 ** 64 if result >= 2 ** 63 else result

    def open(self, path, flags=os.O_RDONLY):
        result = self.call(OPENAT, -100, self.place(path.encode()), flags, 0o600)
        if result >= 0:
            self.call(CLOSE, result)
        return result

    def socket(self, family, kind):
        return self.call(SOCKET, family, kind, 0)

    def execute(self, path):
        return self.call(EXECVE, self.place(path.encode()), 0, 0)

    def kill(self, pid):
        return self.call(KILL, pid, 0)
