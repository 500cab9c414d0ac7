"""What 0001 to 0015 make, at once, for a new database."""

import django.core.validators
import django.db.models.deletion
import django.db.models.fields.json
import django.db.models.functions.comparison
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models

from gear.search.index import GEAR_INDEX, AddSearch, AddSearchWords, PostgresSQL


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('gear', '0001_initial'),
        ('gear', '0002_blockir'),
        ('gear', '0003_tone3000'),
        ('gear', '0004_chain_revision'),
        ('gear', '0005_chain_group'),
        ('gear', '0006_library'),
        ('gear', '0007_own_captures_in_library'),
        ('gear', '0008_tags_and_presets'),
        ('gear', '0009_gear_search'),
        ('gear', '0010_gear_list_indexes'),
        ('gear', '0011_gear_search_words'),
        ('gear', '0012_narrowing_indexes'),
        ('gear', '0013_gear_choices'),
        ('gear', '0014_ir_settings'),
        ('gear', '0015_spaces'),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GearItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('kind', models.CharField(choices=[('amp', 'Amp head'), ('full_rig', 'Full rig (cab baked in)'), ('pedal', 'Pedal'), ('outboard', 'Outboard'), ('cab', 'Cabinet IR'), ('space', 'Space (reverb IR)')], max_length=16)),
                ('name', models.CharField(max_length=200)),
                ('is_name_chosen', models.BooleanField(default=True, help_text='by a person, not by the file')),
                ('is_kind_chosen', models.BooleanField(default=True, help_text='by a person, not by the file')),
                ('make', models.CharField(blank=True, max_length=100)),
                ('description', models.TextField(blank=True, max_length=4000)),
                ('creator', models.CharField(blank=True, max_length=200)),
                ('licence', models.CharField(blank=True, max_length=100)),
                ('source', models.CharField(choices=[('upload', 'Uploaded'), ('demo', 'Demo pack'), ('tone3000', 'Tone 3000')], default='upload', max_length=16)),
                ('source_url', models.URLField(blank=True, max_length=500)),
                ('is_shared', models.BooleanField(default=False, help_text='everybody may see and use it')),
                ('tone3000_id', models.CharField(blank=True, help_text='of the tone at Tone 3000, opaque', max_length=64)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='gear_items', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['owner', '-created_at'], name='gear_gearitem_owner_newest'), models.Index(fields=['-created_at', '-id'], name='gear_gearitem_newest'), models.Index(fields=['kind', '-created_at'], name='gear_gearitem_kind_newest'), models.Index(fields=['source', '-created_at'], name='gear_gearitem_source_newest'), models.Index(fields=['name', 'id'], name='gear_gearitem_by_name'), models.Index(fields=['make', 'id'], name='gear_gearitem_by_make'), models.Index(django.db.models.functions.text.Upper('make'), models.OrderBy(models.F('created_at'), descending=True), name='gear_gearitem_make_newest'), models.Index(django.db.models.functions.text.Upper('licence'), models.OrderBy(models.F('created_at'), descending=True), name='gear_gearitem_licence_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('tone3000_id', ''), _negated=True), fields=('owner', 'tone3000_id'), name='gear_gearitem_once_per_tone'), models.CheckConstraint(condition=models.Q(('is_shared', True), ('source', 'tone3000'), _negated=True), name='gear_gearitem_tone3000_is_private', violation_error_message='What comes from Tone 3000 cannot be shared: only who has fetched it may use it.')],
            },
        ),
        migrations.CreateModel(
            name='Capture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('format', models.CharField(choices=[('nam', 'NAM model'), ('ir', 'Impulse response'), ('other', 'Another format')], max_length=8)),
                ('name', models.CharField(help_text='the name its file came with, or that its creator gave it', max_length=200)),
                ('file', models.FileField(blank=True, max_length=200, upload_to='')),
                ('sha256', models.CharField(blank=True, db_index=True, max_length=64)),
                ('size_bytes', models.PositiveBigIntegerField()),
                ('status', models.CharField(choices=[('pending', 'Being checked'), ('ready', 'Ready')], default='pending', max_length=8)),
                ('unsupported_reason', models.CharField(blank=True, max_length=300)),
                ('architecture', models.CharField(blank=True, max_length=32)),
                ('format_version', models.CharField(blank=True, max_length=16)),
                ('sample_rate_hz', models.PositiveIntegerField(blank=True, null=True)),
                ('duration_s', models.FloatField(blank=True, null=True)),
                ('input_level_dbu', models.FloatField(blank=True, null=True)),
                ('output_level_dbu', models.FloatField(blank=True, null=True)),
                ('info', models.JSONField(blank=True, default=dict, help_text='what the inspection found')),
                ('architecture_key', models.GeneratedField(db_index=True, db_persist=True, expression=django.db.models.functions.text.Upper(django.db.models.functions.text.Left(django.db.models.functions.comparison.Coalesce(django.db.models.functions.comparison.NullIf(django.db.models.fields.json.KeyTextTransform('label', 'info'), models.Value('')), models.F('architecture'), output_field=models.CharField()), 64)), output_field=models.CharField(max_length=100))),
                ('channel_rule', models.CharField(choices=[('mix', 'Both mixed'), ('left', 'Left'), ('right', 'Right')], default='mix', max_length=8)),
                ('tail_end_db', models.FloatField(blank=True, help_text='below its peak; empty: −90, and −60 for one that is too long as it is', null=True, validators=[django.core.validators.MinValueValidator(-90.0), django.core.validators.MaxValueValidator(-30.0)])),
                ('is_lead_trimmed', models.BooleanField(default=False)),
                ('tone3000_id', models.CharField(blank=True, help_text='of the model at Tone 3000, opaque', max_length=64)),
                ('tone3000_architecture', models.CharField(blank=True, max_length=40)),
                ('tone3000_size', models.CharField(blank=True, max_length=40)),
                ('gear', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='captures', to='gear.gearitem')),
            ],
            options={
                'ordering': ('gear_id', 'id'),
                'indexes': [models.Index(fields=['-created_at', '-id'], name='gear_capture_newest'), models.Index(fields=['gear', 'architecture_key'], name='gear_capture_kinds_of_gear'), models.Index(condition=models.Q(('status', 'ready'), ('unsupported_reason', ''), _negated=True), fields=['-created_at'], name='gear_capture_unusable_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('tone3000_id', ''), models.Q(('sha256', ''), _negated=True)), fields=('gear', 'sha256'), name='gear_capture_once_per_gear'), models.UniqueConstraint(condition=models.Q(('tone3000_id', ''), _negated=True), fields=('gear', 'tone3000_id'), name='gear_capture_once_per_model')],
            },
        ),
        migrations.CreateModel(
            name='LibraryEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('nickname', models.CharField(blank=True, max_length=100)),
                ('is_favourite', models.BooleanField(default=False)),
                ('capture', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='library_entries', to='gear.capture')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='library_entries', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'library entries',
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['user', '-created_at'], name='gear_libraryentry_user_newest')],
                'constraints': [models.UniqueConstraint(fields=('user', 'capture'), name='gear_libraryentry_once_per_capture')],
            },
        ),
        migrations.CreateModel(
            name='Preset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('processor', models.CharField(max_length=32)),
                ('name', models.CharField(max_length=100)),
                ('parameters', models.JSONField(blank=True, default=dict)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='presets', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('processor', 'name', 'id'),
                'constraints': [models.UniqueConstraint(fields=('owner', 'processor', 'name'), name='gear_preset_once_per_name')],
            },
        ),
        migrations.CreateModel(
            name='SignalChain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('name', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True, max_length=4000)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='signal_chains', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['owner', '-created_at'], name='gear_signalchain_owner_newest')],
            },
        ),
        migrations.CreateModel(
            name='Block',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('slot', models.CharField(choices=[('pre', 'Before the amp'), ('amp', 'Amp'), ('loop', 'Effects loop'), ('cab', 'Cabinet'), ('post', 'After the cabinet')], max_length=8)),
                ('processor', models.CharField(blank=True, max_length=32)),
                ('parameters', models.JSONField(blank=True, default=dict)),
                ('capture', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='blocks', to='gear.capture')),
                ('chain', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='blocks', to='gear.signalchain')),
            ],
            options={
                'ordering': ('chain_id', 'position'),
                'constraints': [models.UniqueConstraint(fields=('chain', 'position'), name='gear_block_one_per_position'), models.CheckConstraint(condition=models.Q(('capture__isnull', True), ('processor', ''), _connector='OR'), name='gear_block_capture_or_processor')],
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(max_length=50)),
                ('key', models.CharField(editable=False, max_length=150)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('key', 'id'),
                'indexes': [models.Index(fields=['key'], name='gear_tag_key')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'key'), name='gear_tag_once_per_owner')],
            },
        ),
        migrations.CreateModel(
            name='GearTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gear', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='gear_tags', to='gear.gearitem')),
                ('tag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='gear.tag')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('gear', 'tag'), name='gear_geartag_once_per_gear')],
            },
        ),
        migrations.CreateModel(
            name='BlockIR',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('parameters', models.JSONField(blank=True, default=dict)),
                ('block', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='extra_irs', to='gear.block')),
                ('capture', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='block_irs', to='gear.capture')),
            ],
            options={
                'ordering': ('block_id', 'position'),
                'constraints': [models.UniqueConstraint(fields=('block', 'position'), name='gear_blockir_one_per_position')],
            },
        ),
        migrations.CreateModel(
            name='ChainGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True, max_length=4000)),
                ('slots', models.JSONField()),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chain_groups', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['owner', '-created_at'], name='gear_chaingroup_owner_newest')],
            },
        ),
        # Who owns a database may create it since PostgreSQL 13; see docs/operations.md. It stays:
        # others may use it too.
        PostgresSQL('CREATE EXTENSION IF NOT EXISTS pg_trgm', migrations.RunSQL.noop),
        AddSearch(GEAR_INDEX),
        AddSearchWords(GEAR_INDEX),
    ]
