/* signals: for a program with a loop of its own. SIGTERM and SIGHUP are read as struct signalfd_siginfo from the descriptor, which does
   not block; SIGPIPE is of no interest. Dies if the system refuses. */

#ifndef LIB_SIGNALS_H
#define LIB_SIGNALS_H

int signals_open(void);

#endif
