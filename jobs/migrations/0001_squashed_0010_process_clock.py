"""What 0001 to 0010 make, at once, for a new database."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('jobs', '0001_initial'),
        ('jobs', '0002_attempts_of_parents'),
        ('jobs', '0003_job_request_id'),
        ('jobs', '0004_process'),
        ('jobs', '0005_notification'),
        ('jobs', '0006_whose_turn_it_is'),
        ('jobs', '0007_job_indexes'),
        ('jobs', '0008_notifications_of_other_things'),
        ('jobs', '0009_job_owner_state_index'),
        ('jobs', '0010_process_clock'),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        # Only for the order: what others change about users is quick while few tables know of them.
        ('social_django', '0022_nonce_timestamp_index'),
        ('token_blacklist', '0013_alter_blacklistedtoken_options_and_more'),
    ]

    operations = [
        migrations.CreateModel(
            name='Process',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='role@host:pid', max_length=150, unique=True)),
                ('role', models.CharField(choices=[('web', 'Web'), ('worker', 'Worker'), ('beat', 'Beat')], max_length=8)),
                ('host', models.CharField(max_length=100)),
                ('queues', models.JSONField(blank=True, default=list, help_text='what a worker takes jobs from')),
                ('figures', models.JSONField(blank=True, default=dict, help_text='what it counts, for /metrics')),
                ('started_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('clock_at', models.DateTimeField(help_text='by its own clock, when it was seen', null=True)),
            ],
            options={
                'verbose_name_plural': 'processes',
                'ordering': ('role', 'name'),
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('kind', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('queued', 'Queued'), ('running', 'Running'), ('retrying', 'Retrying'), ('completed', 'Completed'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='pending', max_length=16)),
                ('stage', models.PositiveSmallIntegerField(default=0)),
                ('is_required', models.BooleanField(default=True)),
                ('weight', models.FloatField(default=1.0, help_text='of a part: its share in the progress of the whole; of a whole: how much work it is beside others')),
                ('is_waiting', models.BooleanField(default=False, help_text='its children do the work now')),
                ('parent_attempt', models.PositiveIntegerField(blank=True, help_text='the attempt of the parent that made it', null=True)),
                ('label', models.CharField(blank=True, help_text='what it works on, for people', max_length=200)),
                ('payload', models.JSONField(blank=True, default=dict, help_text='ids of its inputs; no secrets')),
                ('result', models.JSONField(blank=True, default=dict)),
                ('request_id', models.CharField(blank=True, help_text='of the request that asked for it, as in the logs', max_length=64)),
                ('progress', models.FloatField(default=0.0, help_text='percent, never goes backwards')),
                ('message', models.CharField(blank=True, max_length=200)),
                ('attempt', models.PositiveIntegerField(default=0, help_text='fencing token: only the newest attempt may write')),
                ('num_failures', models.PositiveSmallIntegerField(default=0, help_text='since the last redrive')),
                ('num_lost', models.PositiveSmallIntegerField(default=0, help_text='workers that vanished while running it, since the last redrive')),
                ('not_before', models.DateTimeField(blank=True, null=True)),
                ('worker', models.CharField(blank=True, max_length=100)),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                ('cancel_requested_at', models.DateTimeField(blank=True, null=True)),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('error_message', models.TextField(blank=True, help_text='for people')),
                ('error_detail', models.TextField(blank=True, help_text='for operators')),
                ('queued_at', models.DateTimeField(blank=True, null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='jobs.job')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['owner', '-created_at'], name='jobs_job_owner_newest'), models.Index(fields=['kind', '-created_at'], name='jobs_job_kind_newest'), models.Index(fields=['owner', 'state', '-created_at'], name='jobs_job_owner_state_newest'), models.Index(condition=models.Q(('state__in', ['pending', 'queued', 'running', 'retrying'])), fields=['state', 'queued_at'], name='jobs_job_active'), models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['finished_at'], name='jobs_job_finished'), models.Index(condition=models.Q(('request_id', ''), _negated=True), fields=['request_id'], name='jobs_job_request'), models.Index(condition=models.Q(('state__in', ['pending', 'queued', 'running', 'retrying'])), fields=['owner', 'state'], name='jobs_job_owner_active')],
                'constraints': [models.CheckConstraint(condition=models.Q(('progress__gte', 0.0), ('progress__lte', 100.0)), name='jobs_job_progress_is_percent')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('subject_id', models.UUIDField(blank=True, null=True)),
                ('subject_kind', models.CharField(blank=True, max_length=64)),
                ('subject_label', models.CharField(blank=True, help_text='for people', max_length=200)),
                ('outcome', models.CharField(choices=[('completed', 'Completed'), ('failed', 'Failed'), ('news', 'News')], max_length=16)),
                ('message', models.TextField(blank=True, help_text='for people')),
                ('path', models.CharField(blank=True, help_text='the page it leads to', max_length=200)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='jobs.job')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['owner', '-created_at'], name='jobs_notification_newest'), models.Index(condition=models.Q(('read_at__isnull', True)), fields=['owner'], name='jobs_notification_unread'), models.Index(condition=models.Q(('subject_id__isnull', False)), fields=['subject_id'], name='jobs_notification_subject')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('job__isnull', False), ('subject_id__isnull', True)), models.Q(('job__isnull', True), ('subject_id__isnull', False)), _connector='OR'), name='jobs_notification_is_about_one_thing')],
            },
        ),
    ]
