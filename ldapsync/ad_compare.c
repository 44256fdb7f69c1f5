#include <sys/time.h>

#include "ldapsync/ad.h"
#include "lib/conf.h"
#include "lib/die.h"

enum {
  EASE = 100, /* a comparison because of what cannot be seen waits so many times as long as one takes */
  COMPARE_SECONDS = 3600,
  COMPARE_SECONDS_MAX = 7 * 86400
};

int64_t ad_compare_ms(void) { return (int64_t)conf_seconds("ldapcompare", COMPARE_SECONDS, COMPARE_SECONDS_MAX) * 1000; }

/* It is due then, if not before. */
static void be_due(struct ad *a, int64_t at)
{
  if (at < a->due_at) a->due_at = at;
}

void ad_need_comparison(struct ad *a)
{
  a->due_at = 0;
  a->is_whole = false;
}

void ad_suspect(struct ad *a)
{
  if (a->sees_deleted) return;
  if (a->comparison.is_under_way)
    a->comparison.is_suspected = true;
  else
    be_due(a, a->ended_at + a->took_ms * EASE);
}

static void ask(struct ad *a)
{
  struct ad_comparison *c = &a->comparison;
  const struct source_search search = { .base = a->w->source.base.s, .filter = a->filter.s, .attributes = a->attributes };

  c->message = source_page_ask(c->ld, &search, &c->page);
  c->asked_at = watch_now_ms();
}

/* The search for everybody has been sent on the connection that there was. Its process of the server is busy with that (Samba's does one thing at a
   time), and cannot take a new connection: so a new one is another's, and has its answers at once. */
static void follow_on_another_connection(struct ad *a)
{
  struct watch *w = a->w;
  LDAP *ld = source_connect_again(&w->source, w->uri);

  if (ld && ad_is_same(a, ld))
    w->ld = ld;
  else if (ld)
    ldap_unbind_ext_s(ld, 0, 0); /* one name, several controllers: changes wait for each page */
}

void ad_compare_begin(struct ad *a)
{
  struct ad_comparison *c = &a->comparison;

  replica_refresh_begin(&a->w->replica);
  *c = (struct ad_comparison){ .is_under_way = true, .ld = a->w->ld, .began_at = watch_now_ms() };
  a->due_at = INT64_MAX;
  ask(a);
  follow_on_another_connection(a);
}

static void free_comparison(struct ad *a)
{
  struct ad_comparison *c = &a->comparison;

  if (c->ld != a->w->ld) ldap_unbind_ext_s(c->ld, 0, 0);
  text_free(&c->read_again);
  text_free(&c->changed);
  *c = (struct ad_comparison){ .is_under_way = false };
}

static void end(struct ad *a)
{
  struct watch *w = a->w;
  bool is_first = !w->is_following, is_suspected = a->comparison.is_suspected;

  if (replica_delete_unseen(&w->replica)) {
    w->has_deleted = true;
    watch_note_change(w);
  }
  a->ended_at = watch_now_ms();
  a->took_ms = a->ended_at - a->comparison.began_at;
  a->is_whole = a->due_at > 0; /* else something has come meanwhile that needs the next one */
  free_comparison(a);
  be_due(a, a->ended_at + ad_compare_ms());
  if (is_suspected) ad_suspect(a);
  w->is_following = w->is_unsaved = true;
  if (is_first || w->is_changed) watch_say(w, is_first && !w->had_cookie ? "read" : "compared", 0);
}

void ad_compare_go_on(struct ad *a)
{
  struct ad_comparison *c = &a->comparison;
  struct timeval pause = { .tv_usec = AD_POLL_MS * 1000 };
  LDAPMessage *result = 0;

  if (!source_page_wait(c->ld, c->message, &pause, &result)) {
    if (watch_now_ms() - c->asked_at > a->w->source.server.timeout_seconds * (int64_t)1000) die_temporary(a->w->uri, ": it is silent in the middle of what it has");
    return;
  }
  bool has_more = source_page_end(c->ld, result, &c->page);
  if (!ad_store_page(a, result)) die_temporary(a->w->uri, ": an entry without an objectGUID");
  ldap_msgfree(result);
  if (has_more)
    ask(a);
  else
    end(a);
}

bool ad_compare_is_full(const struct ad *a) { return a->comparison.is_under_way && a->comparison.read_again.len > AD_IDS * USN_ID; }
