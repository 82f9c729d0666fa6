export interface NewDeployment {
  readonly id: string
  readonly agentToken: string
}

export async function createDeployment(url: string, apiKey: string, name: string): Promise<NewDeployment> {
  const response = await fetch(`${url}/v1/deployments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })
  if (!response.ok) throw new Error(`deployment "${name}" could not be created: ${await response.text()}`)
  return (await response.json()) as NewDeployment
}
