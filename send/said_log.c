#include "send/said_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/said.h"

enum { LOG_BYTES_MAX = 1 << 20 }; /* what was said is begun anew beyond this: the last words count */

void send_said_add(const struct send_schedule *s, const struct send_attempt *a, const struct send_item *i, text *lines)
{
  struct said said = SAID_ZERO;

  said.seconds = s->now_seconds;
  said.attempt = a->file.envelope.attempts;
  said.verdict = i->outcome.verdict;
  said.status = i->outcome.status;
  said.code = i->outcome.code;
  text_add(&said.recipient, a->file.envelope.recipients[i->recipient].address);
  said.remote = i->remote;
  said.text = i->outcome.text;
  said.policy = i->policy;
  said_format(&said, lines);
  text_free(&said.recipient);
}

/* Not synced: it is a courtesy for qstat and the words of a report. */
void send_said_write(const struct send_attempt *a, const text *lines)
{
  text path = TEXT_ZERO;
  struct stat status;
  int fd = open(queue_path_log(&path, a->entry->id), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  text_free(&path);
  if (fd == -1) return;
  if (fstat(fd, &status) == 0 && status.st_size > LOG_BYTES_MAX && ftruncate(fd, 0) == -1)
    log_event("unable", "id", a->entry->id, "to", "shorten what was said", (char *)0);
  if (write(fd, lines->s, lines->len) == -1)
    log_event("unable", "id", a->entry->id, "to", "keep what was said", "error", strerror(errno), (char *)0);
  close(fd);
}

void send_said_waits(const struct send_schedule *s, struct send_attempt *a, size_t item)
{
  text lines = TEXT_ZERO;

  a->file.envelope.attempts++;
  send_said_add(s, a, &a->items[item], &lines);
  a->file.envelope.attempts--;
  send_said_write(a, &lines);
  text_free(&lines);
}
