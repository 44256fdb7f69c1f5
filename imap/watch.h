/* watch: says what happens in a folder's new/ and cur/, by inotify. Where the kernel gives no such news (another host
   writes to the same disk, or the user has too many watches) it says after a while that everything may have changed. */

#ifndef IMAP_WATCH_H
#define IMAP_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/inotify.h>

struct imap_watch {
  int fd;               /* -1: no news here */
  int new, cur, folder; /* the watches */
  bool is_complete;     /* nothing can happen without news */
  size_t at, length;
  _Alignas(struct inotify_event) char bytes[16384];
};

enum imap_news { IMAP_NEWS_NONE, IMAP_NEWS_ADDED, IMAP_NEWS_MOVED, IMAP_NEWS_REMOVED, IMAP_NEWS_LOST /* look at all */ };

/* folder: it is open, has new and cur, and is called name below the working directory. Closed by imap_watch_close. */
void imap_watch_open(struct imap_watch *w, int folder, const char *name);
void imap_watch_close(struct imap_watch *w);

/* The next thing that happened: a name that came to, was moved from or was removed from new/ (else cur/). */
enum imap_news imap_watch_next(struct imap_watch *w, const char **name, bool *is_new);

#endif
