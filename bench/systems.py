"""What a system under test is: it can be started, cleaned between runs, and stopped, and it says where it listens."""
import glob
import os
import subprocess
import tempfile

from machine import Group

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOMAIN = "bench.test"
USERS = 100
PASSWORD = "bench-password"


def password_hash(folder):
    """PASSWORD as postroom stores it; all systems get the same."""
    program = os.path.join(TOP, "build/auth/password-hash")
    subprocess.run(["make", "-s", "-C", TOP, "build/auth/password-hash"], check=True, stdout=subprocess.DEVNULL)
    return subprocess.run([program], input=PASSWORD + "\n", env={"MAILHOME": folder}, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]


class System:
    name = ""
    mail = ""  # the folder of the domain's Maildirs
    smtp = smtps = imaps = 0
    imap = 0  # the port for logins in clear; 0 if the system refuses them
    relay = {}  # what the load generator needs to hand in mail for elsewhere

    def __init__(self, folder, address, sink, stored_password):
        self.stored_password = stored_password
        self.folder = os.path.join(folder, self.name)
        self.cleaned = 0
        self.address = address
        self.sink = sink
        self.group = Group("postroom-bench-%d-%s" % (os.getpid(), self.name))

    def run(self, *command, **options):
        """A command in this system's control group; what it starts stays there. Its output goes to a file, not a pipe,
        because a server that it leaves running may hold it open."""
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(command, preexec_fn=self.group.enter, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                                  timeout=300, **options)
            output.seek(0)
            said = output.read()
        if done.returncode:
            raise RuntimeError("%s: exit %d: %s" % (" ".join(command), done.returncode, said[-2000:].strip()))
        return said

    def watched(self):
        """Where delivered messages appear, as a glob."""
        return os.path.join(self.mail, "user*", "new")

    def clean(self):
        """Moves the messages out of the Maildirs. They are not deleted before the end: ext4 without a journal looks at
        every inode freed in the last minute when it makes a file, and that would be measured."""
        self.cleaned += 1
        aside = os.path.join(self.folder, "aside", str(self.cleaned))
        os.makedirs(aside)
        for part in ("new", "cur"):
            for number, path in enumerate(glob.glob(os.path.join(self.mail, "*", part, "*"))):
                os.rename(path, os.path.join(aside, "%s.%d" % (part, number)))

    def login(self, kind):
        """The user names of a login case, as a pattern."""
        return "user%d@" + DOMAIN

    def route(self, to):
        """Where mail for elsewhere goes: a host and port, or None: by MX."""
        raise NotImplementedError

    def deferrals(self):
        """How often a message was put off, until now."""
        raise NotImplementedError

    def count_in(self, pattern, words):
        """How often these stand in the files of this glob."""
        count = 0
        for path in glob.glob(os.path.join(self.folder, pattern)):
            with open(path, "rb") as file:
                count += file.read().count(words.encode())
        return count

    def retry_all(self):
        raise NotImplementedError

    def remove_all(self):
        raise NotImplementedError

    def cold(self):
        """Makes the system forget the logins it remembers."""

    def start(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def version(self):
        raise NotImplementedError
