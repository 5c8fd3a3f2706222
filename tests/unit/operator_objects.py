"""The objects of operators that we have, field by field: what their APIs take of what we use, and nothing else.

No package has the operators' own schemas. Written from the references of CloudNativePG ("API reference", `Cluster`),
RabbitMQ's Cluster Operator ("API reference", `RabbitmqCluster`) and KEDA ("ScaledObject specification",
"Authentication", "RabbitMQ Queue", "Prometheus"). A field that is missing here is to be looked up there first.
"""

from typing import Annotated, Any, Literal, Self

from devstack.fields import Fields
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")]
NumberInText = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
"""What KEDA hands on to a scaler is a map of texts: a bare 50 is refused."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class _Metadata(_Strict):
    name: Name
    namespace: Name | None = None
    labels: dict[str, str] | None = None


class _Amounts(_Strict):
    cpu: Quantity | None = None
    memory: Quantity | None = None


class _Resources(_Strict):
    requests: _Amounts
    limits: _Amounts


class _InitDb(_Strict):
    database: str
    owner: str
    encoding: str
    post_init_sql: list[str] = Field(alias="postInitSQL")


class _Bootstrap(_Strict):
    initdb: _InitDb


class _Synchronous(_Strict):
    method: Literal["any", "first"]
    number: int = Field(gt=0)


class _Postgresql(_Strict):
    synchronous: _Synchronous


class _ClusterStorage(_Strict):
    size: Quantity


class _ClusterSpec(_Strict):
    instances: int = Field(ge=1)
    bootstrap: _Bootstrap
    postgresql: _Postgresql | None = None
    storage: _ClusterStorage
    resources: _Resources

    @model_validator(mode="after")
    def _has_as_many_to_confirm(self) -> Self:
        if self.postgresql is not None and self.postgresql.synchronous.number >= self.instances:
            raise ValueError("fewer must confirm than there are instances")
        return self


class Cluster(_Strict):
    api_version: Literal["postgresql.cnpg.io/v1"]
    kind: Literal["Cluster"]
    metadata: _Metadata
    spec: _ClusterSpec


class _Tls(_Strict):
    secret_name: Name


class _Rabbitmq(_Strict):
    additional_config: Annotated[str, Field(pattern=r"^([a-z_.0-9]+ = \S+\n)+$", max_length=2000)]


class _Persistence(_Strict):
    storage: Quantity


class _RabbitmqClusterSpec(_Strict):
    replicas: int = Field(ge=1)
    tls: _Tls
    rabbitmq: _Rabbitmq
    persistence: _Persistence
    resources: _Resources


class RabbitmqCluster(_Strict):
    api_version: Literal["rabbitmq.com/v1beta1"]
    kind: Literal["RabbitmqCluster"]
    metadata: _Metadata
    spec: _RabbitmqClusterSpec


class _Named(_Strict):
    name: Name


class _OfRabbitmq(_Strict):
    queue_name: str
    mode: Literal["QueueLength", "MessageRate"]
    value: NumberInText


class _OfPrometheus(_Strict):
    server_address: Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]+)?$")]
    query: str
    threshold: NumberInText


class _RabbitmqTrigger(_Strict):
    type: Literal["rabbitmq"]
    metadata: _OfRabbitmq
    authentication_ref: _Named
    """It has the parameter `host`, which this trigger cannot do without."""


class _PrometheusTrigger(_Strict):
    type: Literal["prometheus"]
    metadata: _OfPrometheus


class _ScaledObjectSpec(_Strict):
    scale_target_ref: _Named
    min_replica_count: int = Field(ge=0)
    max_replica_count: int = Field(ge=1)
    cooldown_period: int = Field(ge=0)
    triggers: list[Annotated[_RabbitmqTrigger | _PrometheusTrigger, Field(discriminator="type")]] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.min_replica_count > self.max_replica_count:
            raise ValueError("minReplicaCount is above maxReplicaCount")
        return self


class ScaledObject(_Strict):
    api_version: Literal["keda.sh/v1alpha1"]
    kind: Literal["ScaledObject"]
    metadata: _Metadata
    spec: _ScaledObjectSpec


class _SecretTarget(_Strict):
    parameter: Literal["host"]
    name: Name
    key: str


class _TriggerAuthenticationSpec(_Strict):
    secret_target_ref: list[_SecretTarget] = Field(min_length=1)


class TriggerAuthentication(_Strict):
    api_version: Literal["keda.sh/v1alpha1"]
    kind: Literal["TriggerAuthentication"]
    metadata: _Metadata
    spec: _TriggerAuthenticationSpec


_ANY: TypeAdapter[Any] = TypeAdapter(
    Annotated[Cluster | RabbitmqCluster | ScaledObject | TriggerAuthentication, Field(discriminator="kind")]
)
KINDS = {"Cluster", "RabbitmqCluster", "ScaledObject", "TriggerAuthentication"}


def check_operator_object(told: Fields) -> None:
    """Raise pydantic's ValidationError if an operator would not take it, or would leave out what is misspelt."""
    _ANY.validate_python(told)
