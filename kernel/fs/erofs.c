#include "kernel/fs/erofs.h"

#include "abi/linux/stat.h"
#include "base/mem.h"
#include "kernel/fs/erofs_format.h"
#include "kernel/fs/erofs_page.h"

int erofs_read_bytes(const struct erofs *fs, uint64_t offset, void *to, size_t size)
{
	uint8_t *at = to;

	if (!erofs_inside(fs, offset, size))
		return -EUCLEAN;
	while (size) {
		_cleanup_page_ struct erofs_page page = { 0 };
		size_t skip = offset & PAGE_MASK;
		size_t take = size < PAGE_SIZE - skip ? size : PAGE_SIZE - skip;
		int err = erofs_page_get(fs, offset >> PAGE_SHIFT, &page);

		if (err)
			return err;
		memcpy(at, page.at + skip, take);
		at += take;
		offset += take;
		size -= take;
	}
	return 0;
}

static const struct { uint32_t bit; const char *what; bool known; } features[] = {
#define FEATURE(bit, what, known) { bit, what, known },
	EROFS_INCOMPATIBLE(FEATURE)
#undef FEATURE
};

/* The name of a feature that is in use and not read here, or NULL. */
static const char *feature_refused(uint32_t used)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (!(used & features[i].bit))
			continue;
		if (!features[i].known)
			return features[i].what;
		used &= ~features[i].bit;
	}
	return used ? "an incompatible feature without a name here" : NULL;
}

static int refuse(const char **why, const char *what, int err)
{
	if (why)
		*why = what;
	return err;
}

/* Everything but the magic, which says whether the rest means anything. */
static int super_check(const struct erofs_super_block *sb, uint64_t device_blocks, const char **why)
{
	const char *refused = feature_refused(sb->feature_incompat);

	if (sb->block_bits != EROFS_BLOCK_BITS)
		return refuse(why, "a block size other than 4096", -EOPNOTSUPP);
	if (refused)
		return refuse(why, refused, -EOPNOTSUPP);
	if (sb->ext_slots || sb->directory_block_bits)
		return refuse(why, "a larger superblock or larger directory blocks", -EOPNOTSUPP);
	if (sb->extra_devices)
		return refuse(why, "further devices", -EOPNOTSUPP);
	if (sb->blocks > device_blocks)
		return refuse(why, "more blocks than the image has", -EUCLEAN);
	if (sb->meta_block >= sb->blocks)
		return refuse(why, "metadata that starts behind the last block", -EUCLEAN);
	return 0;
}

static int super_read(const struct erofs_device *device, struct erofs_super_block *sb)
{
	const struct erofs fs = { .device = *device, .blocks = 1 };

	if (!device->blocks)
		return -EUCLEAN;
	return erofs_read_bytes(&fs, EROFS_SUPER_OFFSET, sb, sizeof(*sb));
}

int erofs_open_super(struct erofs *fs, const struct erofs_device *device, const char **why)
{
	struct erofs_super_block sb;
	struct erofs_inode root;
	int err = super_read(device, &sb);

	if (err)
		return refuse(why, "a superblock that cannot be read", err);
	if (sb.magic != EROFS_MAGIC)
		return refuse(why, "no EROFS superblock", -EINVAL);
	err = super_check(&sb, device->blocks, why);
	if (err)
		return err;
	*fs = (struct erofs){
		.device = *device,
		.blocks = sb.blocks,
		.meta_start = (uint64_t)sb.meta_block << PAGE_SHIFT,
		.inodes = sb.inodes,
		.root_nid = sb.root_nid,
		.build_time = (int64_t)sb.build_time,
		.build_time_ns = sb.build_time_ns,
		.features = sb.feature_incompat,
	};
	memcpy(fs->uuid, sb.uuid, sizeof(fs->uuid));
	err = erofs_inode_read(fs, fs->root_nid, &root);
	if (err)
		return refuse(why, "a root inode that cannot be read", err);
	if (!S_ISDIR(root.mode))
		return refuse(why, "a root that is no directory", -EUCLEAN);
	return 0;
}
