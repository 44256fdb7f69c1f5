#include "imap/watch.h"

#include <sys/vfs.h>
#include <unistd.h>

#include "lib/text.h"

#define CHANGES (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)

/* File systems that other hosts, or programs behind FUSE, can change unseen. */
static bool is_shared(int folder)
{
  static const unsigned long types[] = { 0x6969 /* NFS */, 0x517b, 0xff534d42, 0xfe534d42 /* SMB */, 0x00c36400 /* Ceph */,
    0x65735546 /* FUSE */, 0x01021997 /* 9p */, 0x01161970 /* GFS2 */, 0x7461636f /* OCFS2 */ };
  struct statfs status;

  if (fstatfs(folder, &status)) return true;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if ((unsigned long)status.f_type == types[i]) return true;
  return false;
}

static int add(int fd, const char *folder, const char *name, uint32_t mask)
{
  text path = TEXT_ZERO;

  text_add_format(&path, "%s/%s", folder, name);
  int watch = inotify_add_watch(fd, text_string(&path), mask | IN_ONLYDIR | IN_DONT_FOLLOW);
  text_free(&path);
  return watch;
}

void imap_watch_open(struct imap_watch *w, int folder, const char *name)
{
  w->at = w->length = 0;
  w->new = w->cur = w->folder = -1;
  w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (w->fd != -1) {
    w->new = add(w->fd, name, "new", CHANGES);
    w->cur = add(w->fd, name, "cur", CHANGES);
    w->folder = add(w->fd, name, ".", IN_DELETE); /* of new/ and cur/ themselves */
  }
  w->is_complete = w->new != -1 && w->cur != -1 && w->folder != -1 && !is_shared(folder);
}

void imap_watch_close(struct imap_watch *w)
{
  if (w->fd != -1) close(w->fd);
  w->fd = -1;
}

static bool fill(struct imap_watch *w)
{
  ssize_t got = w->fd == -1 ? -1 : read(w->fd, w->bytes, sizeof w->bytes);

  w->at = 0;
  w->length = got > 0 ? (size_t)got : 0;
  return w->length > 0;
}

static enum imap_news news_of(uint32_t mask)
{
  if (mask & (IN_Q_OVERFLOW | IN_IGNORED)) return IMAP_NEWS_LOST;
  if (mask & (IN_CREATE | IN_MOVED_TO)) return IMAP_NEWS_ADDED;
  return mask & IN_DELETE ? IMAP_NEWS_REMOVED : IMAP_NEWS_MOVED;
}

enum imap_news imap_watch_next(struct imap_watch *w, const char **name, bool *is_new)
{
  if (w->at >= w->length && !fill(w)) return IMAP_NEWS_NONE;
  const struct inotify_event *event = (const void *)(w->bytes + w->at);
  w->at += sizeof *event + event->len;
  *name = event->len ? event->name : "";
  *is_new = event->wd == w->new;
  return event->wd == w->folder ? IMAP_NEWS_LOST : news_of(event->mask);
}
