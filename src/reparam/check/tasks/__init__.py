"""The tasks whose answer is a function of what it is given, by name."""

from reparam.check.tasks import bounds, games, normals, transport

TASKS = {task.name: task for task in (*normals.TASKS, *bounds.TASKS, *games.TASKS, *transport.TASKS)}
