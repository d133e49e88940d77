export async function measureTable() { return {}; }
export function tableReport() { return ''; }
