export default { name: 'half', description: 'has no create' };
