#include "pop3/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "imap/mailbox.h"
#include "imap/quota.h"
#include "lib/die.h"
#include "lib/log.h"
#include "pop3/state.h"

#define USELESS_MAX 50

void pop3_ok(struct pop3_state *s, const char *words) { pop3_answer(&s->box.wire, "+OK", words); }
void pop3_no(struct pop3_state *s, const char *words) { pop3_answer(&s->box.wire, "-ERR", words); }

void pop3_no_errno(struct pop3_state *s, const char *what)
{
  int error = errno;
  text words = TEXT_ZERO;

  log_event("trouble", "login", s->box.start->login, "folder", "INBOX", "what", what, "reason", strerror(error), (char *)0);
  text_add_format(&words, "[SYS/TEMP] unable to %s: %s", what, strerror(error));
  pop3_no(s, text_string(&words));
  text_free(&words);
}

bool pop3_place(struct pop3_state *s, size_t *place)
{
  *place = s->command.number - 1;
  if (s->command.number > s->count) pop3_no(s, "there is no such message");
  else if (s->done[*place] & POP3_DELETED) pop3_no(s, "this message is deleted");
  else return true;
  return false;
}

static void cmd_noop(struct pop3_state *s) { pop3_ok(s, "done"); }

/* RFC 2449 5: what was said before the login, but for STLS, which is over. */
static void cmd_capa(struct pop3_state *s)
{
  imap_wire_add(&s->box.wire, "+OK these\r\n" POP3_CAPABILITIES);
  if (*s->box.start->tag) {
    imap_wire_add(&s->box.wire, "USER\r\nSASL ");
    imap_wire_add(&s->box.wire, s->box.start->tag);
    imap_wire_add(&s->box.wire, "\r\n");
  }
  imap_wire_add(&s->box.wire, ".\r\n");
}

static void (*const handlers[POP3_VERBS])(struct pop3_state *s) = {
  [POP3_CAPA] = cmd_capa, [POP3_NOOP] = cmd_noop, [POP3_QUIT] = pop3_cmd_quit, [POP3_STAT] = pop3_cmd_stat,
  [POP3_LIST] = pop3_cmd_list, [POP3_UIDL] = pop3_cmd_uidl, [POP3_RETR] = pop3_cmd_retr, [POP3_TOP] = pop3_cmd_retr,
  [POP3_DELE] = pop3_cmd_dele, [POP3_RSET] = pop3_cmd_rset,
};

static void run_command(struct pop3_state *s)
{
  if (handlers[s->command.verb]) {
    handlers[s->command.verb](s);
    return;
  }
  pop3_no(s, "you are logged in already");
  s->useless++;
}

static void speak(struct pop3_state *s)
{
  while (!s->ends && s->box.wire.end == IMAP_WIRE_OPEN && s->useless < USELESS_MAX)
    if (pop3_listen_command(&s->box.wire, &s->line, &s->command)) run_command(s);
    else s->useless++;
}

/* After silence nothing is said (RFC 1939 3). */
static void say_goodbye(struct pop3_state *s)
{
  if (s->box.wire.end == IMAP_WIRE_TERMINATED) pop3_no(s, "[SYS/TEMP] the server is shutting down, come back in a minute");
  else if (s->box.wire.end == IMAP_WIRE_OPEN && !s->ends) pop3_no(s, "too many commands that are none");
  imap_wire_flush(&s->box.wire);
}

/* What lies in new/ stays there, and recent to IMAP, until it is read. */
static bool open_inbox(struct pop3_state *s)
{
  if (!imap_mailbox_prepare() || imap_folder_open(&s->box.folder, ".", false) != IMAP_FOLDER_DONE) {
    pop3_no_errno(s, "open the mailbox");
    imap_wire_flush(&s->box.wire);
    return false;
  }
  s->count = s->box.folder.count;
  s->done = calloc(s->count + 1, 1);
  if (!s->done) die_nomem();
  return true;
}

void pop3_session(int in, int out, const struct imap_start *start, unsigned int silence_seconds)
{
  static struct pop3_state s;

  memset(&s, 0, sizeof s);
  s.box.start = start;
  s.line.max = POP3_LINE_MAX;
  imap_wire_open(&s.box.wire, in, out);
  s.box.wire.seconds = silence_seconds;
  if (start->ahead_length > sizeof s.box.wire.bytes) die_permanent("more bytes were sent ahead than a session takes");
  imap_wire_put_back(&s.box.wire, start->ahead, start->ahead_length);
  imap_quota_begin(&s.box);
  if (open_inbox(&s)) {
    pop3_ok(&s, "logged in");
    speak(&s);
    say_goodbye(&s);
    imap_folder_close(&s.box.folder);
  }
  imap_loaded_free(&s.loaded);
  imap_wire_free(&s.box.wire);
  pop3_line_wipe(&s.line);
  pop3_uidl_free(&s.uidl);
  free(s.done);
}
