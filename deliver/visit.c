#include "deliver/visit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "deliver/enter.h"
#include "deliver/full.h"
#include "deliver/powers.h"
#include "deliver/record.h"
#include "imap/guest.h"
#include "imap/session.h"
#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/landlock.h"
#include "lib/log.h"

enum { LIST_SECONDS = 60, MEBIBYTE = 1024 * 1024, SESSION_BYTES = 1024 * MEBIBYTE, APPEND_BYTES = 50 * MEBIBYTE };

bool visit_is_guest(struct tables *policy, uid_t uid)
{
  text key = TEXT_ZERO, login = TEXT_ZERO;
  bool is = imap_guest_find(policy, uid, &key, &login);

  text_free(&key);
  text_free(&login);
  return is;
}

static void answer_with(int caller, const char *answer, uint64_t count)
{
  text record = TEXT_ZERO;

  record_add(&record, "answer", answer);
  record_add_number(&record, "count", count);
  if (!call_send(caller, &record, 0, 0)) die_unable("answer a session");
  text_free(&record);
}

/* The mailbox's uid and folder, for the rest of this process. */
static bool enter(const struct visit *v, const struct imap_guest *g, struct imap_start *start, const char **error)
{
  const char *key = record_get(&g->record, "mailbox");
  struct place place = PLACE_ZERO;
  text record = TEXT_ZERO;
  bool is_in = deliver_record_find(v->policy, &place, &record, key, error);

  if (is_in && !record_is(&record, "imap", "yes")) {
    *error = "nobody may read this mailbox by IMAP";
    is_in = false;
  }
  if (is_in) {
    start->append_bytes = conf_number("databytes", APPEND_BYTES, UINT64_MAX);
    start->quota_bytes = deliver_record_quota(&record);
    start->is_noted_full = start->quota_bytes && full_is_noted(key);
    full_begin(key, start->quota_bytes);
    is_in = enter_mailbox(&place, v->homes, error);
  }
  place_free(&place);
  text_free(&record);
  return is_in;
}

/* No name at all: a list goes on without a mailbox that is not there, or not in order. */
static void answer_nothing(int caller, const char *answer, uint64_t count, int client)
{
  answer_with(caller, answer, count);
  if (write(client, "", 1) == -1) log_event("unheard", "what", "a list of folders", (char *)0);
}

static void run(const struct visit *v, int caller, struct imap_guest *g, const struct imap_start *start, bool is_list, int client)
{
  powers_limit(SESSION_BYTES);
  if (!landlock_enter_folder() && v->has_landlock) die_permanent("the session got no Landlock, though the listener had it");
  answer_with(caller, is_list ? "listed" : "started", g->count);
  close(caller);
  if (is_list) {
    alarm(LIST_SECONDS);
    imap_share_tell(&g->share, client);
  } else
    imap_session(client, client, start);
}

void visit_serve(const struct visit *v, int caller, const text *request, uid_t uid, int client)
{
  struct imap_guest guest = IMAP_GUEST_ZERO;
  bool is_list = record_find(request, "number") != 0;
  const char *error = "";

  if (!imap_guest_find(v->policy, uid, &guest.user, &guest.login)) return;
  struct imap_start start = { .login = guest.login.s, .tag = "", .ahead = "", .ip = record_get(request, "ip"), .report_full = full_report, .share = &guest.share };
  if (!imap_guest_choose(&guest, v->policy, request)) {
    answer_nothing(caller, is_list ? "listed" : "none", guest.count, client);
    return;
  }
  guest.share.has_own_seen = !conf_is_yes("sharedseen", true);
  errno = 0;
  if (enter(v, &guest, &start, &error)) {
    run(v, caller, &guest, &start, is_list, client);
    return;
  }
  log_event("refused", "mailbox", record_get(&guest.record, "mailbox"), "error", error, "reason", errno ? strerror(errno) : 0, (char *)0);
  answer_nothing(caller, is_list ? "listed" : "later", guest.count, client);
}
