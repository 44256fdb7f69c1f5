#include "lib/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "lib/die.h"

int signals_open(void)
{
  sigset_t ours;
  int fd;

  sigemptyset(&ours);
  sigaddset(&ours, SIGTERM);
  sigaddset(&ours, SIGHUP);
  sigaddset(&ours, SIGPIPE);
  if (sigprocmask(SIG_BLOCK, &ours, 0) == -1) die_unable("block signals");
  sigdelset(&ours, SIGPIPE);
  fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd == -1) die_unable("watch signals");
  return fd;
}
