/* ready: tells the supervisor that the service can be used (s6's notification-fd). tcp-bind and unix-bind leave its
   number in $READY_FD; without it nothing is told. */

#ifndef LIB_READY_H
#define LIB_READY_H

void ready_pass(int fd); /* for the program that is executed next */
void ready_tell(void);   /* once, when all that can fail at the start has not */

#endif
