#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/ready.h"
#include "lib/text.h"

static const char variable[] = "READY_FD";

void ready_pass(int fd)
{
  char number[16];

  snprintf(number, sizeof number, "%d", fd);
  if (setenv(variable, number, 1) == -1) die_nomem();
}

void ready_tell(void)
{
  const char *value = getenv(variable);
  uint64_t fd;

  if (!value || !number_scan(value, 1 << 20, &fd)) return;
  if (write((int)fd, "\n", 1) != 1) die_unable("tell the supervisor that the service is ready");
  close((int)fd);
  unsetenv(variable);
}
