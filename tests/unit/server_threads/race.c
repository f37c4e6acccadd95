/* A race that ThreadSanitizer must see, so that its silence about the server means something. */
#include <pthread.h>
#include <stdio.h>

static int count;

static void *add(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++)
		count++;
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, add, NULL))
			return 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return printf("%d\n", count) < 0;
}
