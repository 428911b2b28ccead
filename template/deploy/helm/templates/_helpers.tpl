{{- /* Labels that select a component's pods; given a list of the root and the component. */ -}}
{{- define "service.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "service.labels" -}}
{{ include "service.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "service.secret" -}}
{{ .Values.secret.name | default .Release.Name }}
{{- end }}

{{- define "service.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* All public settings, as YAML of strings. Numbers are written as JSON does: 1048576, not 1e+06. */ -}}
{{- define "service.config" -}}
{{- $settings := dict "APP_VERSION" (include "service.tag" .) -}}
{{- if .Values.host -}}
{{- $_ := set $settings "API_PUBLIC_URL" (printf "https://%s" .Values.host) -}}
{{- $_ := set $settings "ALLOWED_HOSTS" .Values.host -}}
{{- end -}}
{{- $secrets := concat .Values.secret.keys (values .Values.secret.with) -}}
{{- range $name, $value := mergeOverwrite $settings (deepCopy .Values.config) }}
{{- if has (lower $name) $secrets -}}
{{- fail (printf "config.%s: is a secret; put it into the Secret, under the key %s." $name (lower $name)) -}}
{{- end }}
{{ $name }}: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}

{{- /* Seconds between SIGTERM and SIGKILL: those that the service takes at most, and 5 for its end. */ -}}
{{- define "service.graceSeconds" -}}
{{- $config := .root.Values.config -}}
{{- $drain := ternary ($config.DRAIN_SECONDS | default 5) 0 .drains -}}
{{ addf $drain ($config.STOP_SECONDS | default 20) 5 | ceil | int }}
{{- end }}

{{- /* The specification of a pod, given a dict:
    root, component; args: what the image runs; image: a reference, unless it is the service's;
    secrets: further keys of the Secret; env: further variables; cpu, memory (Mi); probes: those of a server;
    volumes, mounts: further ones; restart: the restart policy; environmentSecret: a Secret of variables;
    early: it runs before the release's other objects are there. */ -}}
{{- define "service.pod" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $keys := concat $values.secret.keys (.secrets | default list) -}}
{{- range $setting, $key := $values.secret.with -}}
{{- if get $values.config $setting -}}
{{- $keys = append $keys $key | uniq -}}
{{- end -}}
{{- end -}}
{{- $image := printf "%s:%s" $values.image.repository (include "service.tag" $root) -}}
{{- if $values.image.digest -}}
{{- $image = printf "%s@%s" $values.image.repository $values.image.digest -}}
{{- end -}}
{{- if not .early }}
serviceAccountName: {{ $root.Release.Name }}
{{- end }}
automountServiceAccountToken: false
# Else each Service of the namespace becomes variables, which could be taken for settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with $values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .restart }}
restartPolicy: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: {{ .component }}
    image: {{ .image | default $image | quote }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args: {{ toJson .args }}
    {{- if not .early }}
    envFrom:
      - configMapRef: { name: {{ $root.Release.Name }} }
      {{- with .environmentSecret }}
      - secretRef: { name: {{ . }} }
      {{- end }}
    {{- end }}
    env:
      {{- if .early }}
      {{- range $name, $value := include "service.config" $root | fromYaml }}
      - { name: {{ $name }}, value: {{ $value | quote }} }
      {{- end }}
      {{- end }}
      {{- range $keys }}
      - { name: {{ upper . }}_FILE, value: /run/secrets/{{ . }} }
      {{- end }}
      {{- with .probes }}
      - { name: HOST, value: 0.0.0.0 }
      - { name: PORT, value: "8000" }
      {{- end }}
      {{- range $name, $value := mergeOverwrite (dict "TMPDIR" "/tmp") (.env | default dict) }}
      - { name: {{ $name }}, value: {{ $value | quote }} }
      {{- end }}
    {{- if .probes }}
    ports:
      - { name: http, containerPort: 8000 }
    startupProbe:
      httpGet: { path: /health/live, port: http }
      periodSeconds: 1
      timeoutSeconds: 3
      failureThreshold: 60
    livenessProbe:
      httpGet: { path: /health/live, port: http }
      periodSeconds: 10
      timeoutSeconds: 3
      failureThreshold: 3
    readinessProbe:
      httpGet: { path: /health/ready, port: http }
      periodSeconds: 5
      timeoutSeconds: 3
      failureThreshold: 2
    {{- end }}
    resources:
      requests: { cpu: {{ .cpu.request | quote }}, memory: {{ .memory }}Mi }
      limits: { cpu: {{ .cpu.limit | quote }}, memory: {{ .memory }}Mi }
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: { drop: [ALL] }
    volumeMounts:
      - { name: tmp, mountPath: /tmp }
      {{- if $keys }}
      - { name: secrets, mountPath: /run/secrets, readOnly: true }
      {{- end }}
      {{- with .mounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: { sizeLimit: 256Mi }
  {{- if $keys }}
  - name: secrets
    secret:
      secretName: {{ include "service.secret" $root }}
      items:
        {{- range $keys }}
        - { key: {{ . }}, path: {{ . }} }
        {{- end }}
  {{- end }}
  {{- with .volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- /* Spreads a component's pods over zones and nodes. */ -}}
{{- define "service.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "service.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}

{{- /* An autoscaler, given a list of the root, the component, the Deployment's name and its values. */ -}}
{{- define "service.autoscaler" -}}
{{- $root := index . 0 -}}
{{- with index . 3 -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "autoscaling: minReplicas is %d, more than maxReplicas, which is %d." (int .minReplicas) (int .maxReplicas)) -}}
{{- end -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ index $ 2 }}
  labels: {{- include "service.labels" $ | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ index $ 2 }} }
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    {{- if .sources }}
    {{- toYaml .sources | nindent 4 }}
    {{- else }}
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: {{ .cpu }} } }
    {{- end }}
{{- end }}
{{- end }}

{{- /* Keeps all but one of a component's pods while nodes are drained. */ -}}
{{- define "service.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ index . 2 }}
  labels: {{- include "service.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{- include "service.selector" . | nindent 6 }}
{{- end }}
