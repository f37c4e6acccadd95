/* Where audit records go: a file, the system's log, a socket. One thread uses a sink at a time; calls may block. */
#ifndef ADYTON_SERVER_AUDIT_SINK_H
#define ADYTON_SERVER_AUDIT_SINK_H

#include "abi/types.h"

struct ticket;

struct line {
	struct line *next;
	struct ticket *ticket;
	bool written;
	size_t size;
	char text[]; /* ends in a new line */
};

enum sink_kind { SINK_DISCARD, SINK_STDOUT, SINK_FILE, SINK_SYSLOG, SINK_TCP, SINK_UDP, SINK_UNIX };

struct sink {
	enum sink_kind kind;
	int fd;               /* -1: to be opened */
	const char *address;  /* path of the file or socket, "host:port" */
	const char *tag;      /* syslog */
	unsigned int facility;
	unsigned int mode;    /* of a new file; 0: as it is */
	unsigned int timeout; /* seconds of a send */
	bool regular;         /* a file that can be synced and cut */
	bool sync;
};

/* 0 or -errno; nothing to do when it is open. */
must_check int sink_open(struct sink *s);
void sink_close(struct sink *s);
/* Open anew what may have been renamed; where that fails the old one stays. 0 or -errno. */
must_check int sink_reopen(struct sink *s);
/* Write all lines, durably where the sink can, and mark those that were. 0 or the -errno of the first that was not. */
must_check int sink_write(struct sink *s, struct line *first);

#endif
