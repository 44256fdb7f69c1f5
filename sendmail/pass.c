#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>

#include "sendmail/client.h"

enum { PIECE = 65536 };

static void copy(int from, int to)
{
  static char bytes[PIECE];

  for (;;) {
    ssize_t length = read(from, bytes, sizeof bytes);
    if (length == -1 && errno == EINTR) continue;
    if (length <= 0 || allwrite(to, bytes, (size_t)length) != (size_t)length) return;
  }
}

/* Two processes, one for each way, so that neither waits for the other. */
int sendmail_pass_through(void)
{
  int server = sendmail_connect();
  pid_t child = server == -1 ? -1 : fork();

  if (child == -1) {
    strerr_warnwu("reach the mail server at run/inject (is it running?)");
    return EX_TEMPFAIL;
  }
  if (!child) {
    copy(0, server);
    shutdown(server, SHUT_WR);
    _exit(0);
  }
  copy(server, 1);
  kill(child, SIGTERM); /* it may wait for more input */
  waitpid(child, 0, 0);
  return EX_OK;
}
