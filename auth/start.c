#include "auth/start.h"

#include <errno.h>
#include <string.h>

#include "lib/log.h"

enum { SPAWN_SECONDS = 30 };

static void describe(const struct login_answer *login, const text *facts, const text *packet, text *request)
{
  text name = TEXT_ZERO;

  text_add_text(&name, &login->name);
  if (login->master.len) { /* for the session's log */
    text_add_char(&name, '*');
    text_add_text(&name, &login->master);
  }
  record_add(request, "what", record_get(facts, "service"));
  record_add(request, "mailbox", login->mailbox.s);
  record_add(request, "login", text_string(&name));
  record_add(request, "tag", record_get(packet, "tag"));
  record_add(request, "ahead", record_get(packet, "ahead"));
  record_add(request, "ip", record_get(facts, "ip"));
  record_add(request, "tls", record_get(facts, "tls"));
  text_free(&name);
}

const char *auth_start(const struct login_answer *login, const text *facts, const text *packet, const struct call_fds *fds, text *error)
{
  text request = TEXT_ZERO, reply = TEXT_ZERO;

  describe(login, facts, packet, &request);
  errno = 0;
  bool called = call_ask("mailbox-spawn", &request, fds->fd, fds->count, &reply, 0, SPAWN_SECONDS) == CALL_DONE;
  bool started = called && record_is(&reply, "answer", "started");
  text_copy(error, called ? record_get(&reply, "error") : "mailbox-spawn does not answer");
  text_string(error);
  if (!started) log_event("not-started", "mailbox", login->mailbox.s, "error", error->s, "reason", errno ? strerror(errno) : "", (char *)0);
  const char *word = started ? "started" : called && record_is(&reply, "answer", "limit") ? "limit" : "later";
  text_wipe(&request);
  text_free(&reply);
  return word;
}
