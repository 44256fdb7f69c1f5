/* watch: one connection to a directory server that tells of every change (RFC 4533), and what is made of it. */

#ifndef LDAPSYNC_WATCH_H
#define LDAPSYNC_WATCH_H

/* Follows the server until the connection is lost, or control/ or the file says something else. Returns END_DONE if it had
   begun to follow: try again at once; END_NO if the server cannot do that: it is to be polled; or dies: try again later. */
int watch_run(void);

#endif
