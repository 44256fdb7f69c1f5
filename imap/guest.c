#include "imap/guest.h"

#include <string.h>

bool imap_guest_find(struct tables *policy, uid_t uid, text *key, text *login)
{
  text number = TEXT_ZERO, record = TEXT_ZERO;

  text_add_number(&number, uid);
  bool is = policy->file && tables_find(policy, "uid", text_string(&number), &record) == LOOKUP_FOUND;
  text_copy(key, record_get(&record, "mailbox"));
  is = is && tables_find(policy, "mailbox", text_string(key), &record) == LOOKUP_FOUND && record_is(&record, "kind", "user") && record_is(&record, "imap", "yes");
  text_copy(login, record_get(&record, "name"));
  text_string(login);
  text_free(&number);
  text_free(&record);
  return is;
}

/* The one of that number. */
static bool choose_number(struct imap_guest *g, const text *all, uint64_t number)
{
  size_t at = 0;

  for (const char *name; (name = record_next(all, "name", &at)); g->count++)
    if (g->count == number) text_copy(&g->name, name);
  return g->name.len && text_string(&g->name);
}

/* The one that the folder is in; what is below Public and no mailbox's is the root mailbox's. */
static bool choose_folder(struct imap_guest *g, struct tables *policy, const text *all, const char *folder)
{
  if (!imap_share_mailbox(folder, &g->name)) return false;
  if (tables_find(policy, "shared", g->name.s, &g->record) == LOOKUP_FOUND) return true;
  text_copy(&g->name, record_get(all, "root"));
  text_string(&g->name);
  return g->name.len;
}

bool imap_guest_choose(struct imap_guest *g, struct tables *policy, const text *request)
{
  text all = TEXT_ZERO;
  uint64_t number;

  bool is = policy->file && tables_find(policy, "shared", "*", &all) == LOOKUP_FOUND;
  is = is && (record_number(request, "number", UINT32_MAX, &number) ? choose_number(g, &all, number)
                                                                    : choose_folder(g, policy, &all, record_get(request, "name")));
  is = is && strcmp(g->name.s, "*") && tables_find(policy, "shared", g->name.s, &g->record) == LOOKUP_FOUND;
  if (is) {
    g->share.user = text_string(&g->user);
    g->share.login = text_string(&g->login);
    g->share.policy = policy;
    g->share.record = &g->record;
    is = imap_share_open(&g->share, g->name.s, record_is(&all, "root", g->name.s));
  }
  text_free(&all);
  return is;
}
