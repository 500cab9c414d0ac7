"""What 0001 to 0012 make, at once, for a new database."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

from gear.search.index import COMMENT_INDEX, SHOOTOUT_INDEX, AddSearch, AddSearchWords


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('shootouts', '0001_initial'),
        ('shootouts', '0002_shootout_is_aligned'),
        ('shootouts', '0003_cached_audio'),
        ('shootouts', '0004_shootout_revision'),
        ('shootouts', '0005_shootout_contender_labels'),
        ('shootouts', '0006_shootout_search'),
        ('shootouts', '0007_comments'),
        ('shootouts', '0008_chain_preview'),
        ('shootouts', '0009_shootout_search_words'),
        ('shootouts', '0010_di_track_channels_and_trim'),
        ('shootouts', '0011_comment_search'),
        ('shootouts', '0012_cached_audio_sha256'),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('gear', '0001_squashed_0015_spaces'),
        ('jobs', '0001_squashed_0010_process_clock'),
    ]

    operations = [
        migrations.CreateModel(
            name='CachedAudio',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('file', models.FileField(max_length=200, upload_to='')),
                ('size_bytes', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(blank=True, help_text='empty: kept before it was noted', max_length=64)),
                ('described', models.JSONField(help_text='Prefix or SegmentRender of jobs.pipeline.render')),
                ('used_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name_plural': 'cached audio',
                'ordering': ('-used_at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='DITrack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(max_length=200)),
                ('guitar', models.CharField(blank=True, max_length=100)),
                ('pickup', models.CharField(blank=True, max_length=100)),
                ('tuning', models.CharField(blank=True, max_length=50)),
                ('bpm', models.FloatField(blank=True, null=True)),
                ('notes', models.TextField(blank=True, max_length=4000)),
                ('input_level_dbu', models.FloatField(blank=True, help_text='level at 0 dBFS in dBu, when known', null=True)),
                ('channel_rule', models.CharField(choices=[('auto', 'Auto'), ('left', 'Left'), ('right', 'Right'), ('mix', 'Mix')], default='auto', help_text='which channel of a stereo file goes into the amp', max_length=5)),
                ('start_s', models.FloatField(default=0.0, help_text='where playing begins', validators=[django.core.validators.MinValueValidator(0.0)])),
                ('end_s', models.FloatField(blank=True, help_text='where playing ends; empty: at the end of the file', null=True)),
                ('file', models.FileField(max_length=200, upload_to='')),
                ('file_name', models.CharField(help_text='the name it was uploaded with', max_length=200)),
                ('sha256', models.CharField(db_index=True, max_length=64)),
                ('size_bytes', models.PositiveBigIntegerField()),
                ('status', models.CharField(choices=[('pending', 'Being checked'), ('ready', 'Ready')], default='pending', max_length=8)),
                ('format', models.CharField(blank=True, max_length=16)),
                ('sample_rate_hz', models.PositiveIntegerField(blank=True, null=True)),
                ('num_channels', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('duration_s', models.FloatField(blank=True, null=True)),
                ('info', models.JSONField(blank=True, default=dict, help_text='jobs.pipeline.measure.probe.DIProbe')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='di_tracks', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['owner', '-created_at'], name='shootouts_ditrack_newest')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'sha256'), name='shootouts_ditrack_once_per_owner')],
            },
        ),
        migrations.CreateModel(
            name='ChainPreview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(help_text='offered when it is downloaded', max_length=200)),
                ('recipe', models.JSONField(help_text='jobs.pipeline.recipe.SegmentRecipe')),
                ('sources', models.JSONField(help_text="storage names of the recipe's inputs, by SHA-256")),
                ('render_key', models.CharField(help_text='equal keys have equal samples', max_length=64)),
                ('file', models.FileField(blank=True, max_length=200, upload_to='')),
                ('size_bytes', models.PositiveBigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('duration_s', models.FloatField(blank=True, null=True)),
                ('loudness_lufs', models.FloatField(blank=True, null=True)),
                ('gain_db', models.FloatField(blank=True, help_text='of the level match', null=True)),
                ('used_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='chain_previews', to='jobs.job')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chain_previews', to=settings.AUTH_USER_MODEL)),
                ('di_track', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='previews', to='shootouts.ditrack')),
            ],
            options={
                'ordering': ('-used_at', '-id'),
                'constraints': [models.UniqueConstraint(fields=('owner', 'render_key'), name='shootouts_chainpreview_once_per_content')],
            },
        ),
        migrations.CreateModel(
            name='Shootout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('title', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True, max_length=4000)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('queued', 'Queued'), ('rendering', 'Rendering'), ('completed', 'Completed'), ('partial', 'Partial'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='draft', max_length=16)),
                ('visibility', models.CharField(choices=[('private', 'Private'), ('unlisted', 'Unlisted'), ('public', 'Public')], db_index=True, default='private', max_length=16)),
                ('playback_order', models.CharField(choices=[('sequential', 'Sequential'), ('alternating', 'Alternating')], default='sequential', max_length=16)),
                ('slice_s', models.FloatField(default=4.0, validators=[django.core.validators.MinValueValidator(1.0), django.core.validators.MaxValueValidator(60.0)])),
                ('target_loudness_lufs', models.FloatField(default=-14.0, validators=[django.core.validators.MinValueValidator(-40.0), django.core.validators.MaxValueValidator(-6.0)])),
                ('input_mode', models.CharField(choices=[('auto', 'Auto'), ('calibrated', 'Calibrated'), ('normalized', 'Normalized'), ('raw', 'Raw')], default='auto', max_length=16)),
                ('has_video', models.BooleanField(default=True)),
                ('theme', models.CharField(choices=[('dark', 'Dark'), ('light', 'Light')], default='dark', max_length=8)),
                ('is_aligned', models.BooleanField(default=True, help_text='contenders are moved to begin together')),
                ('published_at', models.DateTimeField(blank=True, help_text='of published_render', null=True)),
                ('contender_labels', models.TextField(blank=True, editable=False, help_text='of its contenders, for the search')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shootouts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['owner', '-created_at'], name='shootouts_shootout_newest'), models.Index(condition=models.Q(('visibility', 'public')), fields=['-published_at', '-id'], name='shootouts_shootout_public')],
            },
        ),
        migrations.CreateModel(
            name='Render',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField()),
                ('info', models.JSONField(help_text='jobs.pipeline.shootout.ShootoutInfo')),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='renders', to='jobs.job')),
                ('shootout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='renders', to='shootouts.shootout')),
            ],
            options={
                'ordering': ('shootout_id', '-version'),
                'constraints': [models.UniqueConstraint(fields=('shootout', 'version'), name='shootouts_render_version_once')],
            },
        ),
        migrations.AddField(
            model_name='shootout',
            name='latest_render',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='shootouts.render'),
        ),
        migrations.AddField(
            model_name='shootout',
            name='published_render',
            field=models.ForeignKey(blank=True, help_text='the newest run that has a manifest: what everybody sees', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='shootouts.render'),
        ),
        migrations.CreateModel(
            name='Manifest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('schema_version', models.PositiveSmallIntegerField()),
                ('data', models.JSONField()),
                ('render', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='manifest', to='shootouts.render')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('di_index', models.PositiveSmallIntegerField()),
                ('contender_index', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('completed', 'Completed'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='pending', max_length=16)),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('error_message', models.TextField(blank=True, help_text='for people')),
                ('recipe', models.JSONField(help_text='jobs.pipeline.recipe.SegmentRecipe')),
                ('sources', models.JSONField(help_text="storage names of the recipe's inputs, by SHA-256")),
                ('render_key', models.CharField(db_index=True, help_text='equal keys have equal samples', max_length=64)),
                ('render', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='segments', to='shootouts.render')),
            ],
            options={
                'ordering': ('render_id', 'di_index', 'contender_index'),
                'constraints': [models.UniqueConstraint(fields=('render', 'di_index', 'contender_index'), name='shootouts_segment_once_per_render')],
            },
        ),
        migrations.CreateModel(
            name='RenderedFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('kind', models.CharField(choices=[('segment', 'Segment'), ('montage', 'Montage'), ('video', 'Video'), ('thumbnail', 'Thumbnail'), ('chapters', 'Chapters'), ('subtitles_vtt', 'Subtitles Vtt'), ('subtitles_srt', 'Subtitles Srt')], max_length=16)),
                ('file', models.FileField(max_length=200, upload_to='')),
                ('name', models.CharField(help_text='offered when it is downloaded', max_length=200)),
                ('content_type', models.CharField(max_length=100)),
                ('size_bytes', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('info', models.JSONField(blank=True, default=dict)),
                ('render', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='shootouts.render')),
                ('segment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='files', to='shootouts.segment')),
            ],
            options={
                'ordering': ('render_id', 'id'),
                'constraints': [models.UniqueConstraint(condition=models.Q(('segment__isnull', True)), fields=('render', 'kind'), name='shootouts_renderedfile_once_per_render'), models.UniqueConstraint(condition=models.Q(('segment__isnull', False)), fields=('segment', 'kind'), name='shootouts_renderedfile_once_per_segment')],
            },
        ),
        migrations.CreateModel(
            name='Contender',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('position', models.PositiveSmallIntegerField()),
                ('label', models.CharField(max_length=200)),
                ('chain', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='contenders', to='gear.signalchain')),
                ('shootout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contenders', to='shootouts.shootout')),
            ],
            options={
                'ordering': ('shootout_id', 'position'),
                'constraints': [models.UniqueConstraint(fields=('shootout', 'position'), name='shootouts_contender_position')],
            },
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('text', models.TextField(max_length=2000, validators=[django.core.validators.MaxLengthValidator(2000)])),
                ('edited_at', models.DateTimeField(blank=True, null=True)),
                ('hidden_by', models.CharField(blank=True, choices=[('owner', 'Owner of the shootout'), ('operator', 'Operator')], help_text='empty: everybody may read it', max_length=8)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to=settings.AUTH_USER_MODEL)),
                ('shootout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='shootouts.shootout')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['shootout', '-created_at', '-id'], name='shootouts_comment_newest'), models.Index(fields=['author', '-created_at'], name='shootouts_comment_of_author'), models.Index(fields=['-created_at', '-id'], name='shootouts_comment_of_all'), models.Index(condition=models.Q(('hidden_by', ''), _negated=True), fields=['hidden_by', '-id'], name='shootouts_comment_hidden')],
            },
        ),
        migrations.CreateModel(
            name='ShootoutDI',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('di_track', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='shootout_dis', to='shootouts.ditrack')),
                ('shootout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dis', to='shootouts.shootout')),
            ],
            options={
                'ordering': ('shootout_id', 'position'),
                'constraints': [models.UniqueConstraint(fields=('shootout', 'position'), name='shootouts_shootoutdi_position')],
            },
        ),
        migrations.CreateModel(
            name='CachedInput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(db_index=True, max_length=64)),
                ('audio', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='inputs', to='shootouts.cachedaudio')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('audio', 'sha256'), name='shootouts_cachedinput_once_per_audio')],
            },
        ),
        AddSearch(SHOOTOUT_INDEX),
        AddSearchWords(SHOOTOUT_INDEX),
        AddSearch(COMMENT_INDEX),
        AddSearchWords(COMMENT_INDEX),
    ]
