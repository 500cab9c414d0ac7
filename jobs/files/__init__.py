"""Between the storage and the pipeline: copies to work on, uploads, files of strangers."""
