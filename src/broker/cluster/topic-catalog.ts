/** The topics that everybody sees: those whose creation is committed and whose logs take records. */

import type { Topic } from './topic.ts'

export class TopicCatalog {
  private readonly byName = new Map<string, Topic>()
  private readonly byId = new Map<string, Topic>()

  named(name: string): Topic | undefined {
    return this.byName.get(name)
  }

  withId(topicId: string): Topic | undefined {
    return this.byId.get(topicId)
  }

  all(): Iterable<Topic> {
    return this.byName.values()
  }

  /** Shows a topic, in place of what was shown of it before. */
  publish(topic: Topic): void {
    this.byName.set(topic.name, topic)
    this.byId.set(topic.topicId, topic)
  }

  withdraw(topicId: string): Topic | undefined {
    const topic = this.byId.get(topicId)
    if (!topic) return undefined
    this.byId.delete(topicId)
    if (this.byName.get(topic.name)?.topicId === topicId) this.byName.delete(topic.name)
    return topic
  }
}
