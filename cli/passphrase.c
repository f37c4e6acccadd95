#include "cli/cli.h"
#include "image/io.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line from the terminal, unseen. */
static int ask_terminal(const char *question, const char *what, char *buffer, int size)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC), n = 0;
	struct termios seen, unseen;
	char c;

	if (tty < 0 || tcgetattr(tty, &seen)) {
		if (tty >= 0)
			close(tty);
		return -1;
	}
	unseen = seen;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(tty, TCSAFLUSH, &unseen);
	(void)dprintf(tty, "%s %s: ", question, what);
	while (read(tty, &c, 1) == 1 && c != '\n')
		if (n < size - 1)
			buffer[n++] = c;
	(void)tcsetattr(tty, TCSAFLUSH, &seen);
	(void)dprintf(tty, "\n");
	close(tty);
	buffer[n] = '\0';
	return n;
}

static int ask_file(const char *file, char *buffer, int size, struct fail *f)
{
	uint8_t *text;
	size_t length, n;

	if (io_read_file(file, 4096, &text, &length, f))
		return -1;
	n = strcspn((char *)text, "\r\n");
	if (!n || n >= (size_t)size) {
		OPENSSL_cleanse(text, length);
		free(text);
		return fail(f, "passphrase: expected a first line of 1 to %d bytes in %s", size - 1, file);
	}
	memcpy(buffer, text, n);
	buffer[n] = '\0';
	OPENSSL_cleanse(text, length);
	free(text);
	return (int)n;
}

static int ask(struct passphrase *self, const char *what, char *buffer, int size)
{
	struct fail f;

	return self->file ? ask_file(self->file, buffer, size, &f) : ask_terminal("Passphrase of", what, buffer, size);
}

void cli_passphrase(struct passphrase *p, const char *file)
{
	*p = (struct passphrase){ .ask = ask, .file = file };
}

int cli_new_passphrase(const char *file, char *buffer, int size, struct fail *f)
{
	char again[256];
	int n, same;

	if (file)
		return ask_file(file, buffer, size, f);
	n = ask_terminal("New passphrase for", "the key", buffer, size);
	if (n < 0)
		return fail(f, "passphrase: there is no terminal to ask on (see --passphrase-file)");
	if (n == 0)
		return fail(f, "passphrase: expected at least one character");
	same = ask_terminal("The same again for", "the key", again, sizeof(again)) == n && strcmp(again, buffer) == 0;
	OPENSSL_cleanse(again, sizeof(again));
	return same ? n : fail(f, "passphrase: the two are not the same");
}
