"""Locations of logs and stores: paths and URLs, folders on disks and in buckets."""
